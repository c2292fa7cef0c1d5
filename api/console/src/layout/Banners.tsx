import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { RelativeTime } from '~/components';
import { IconCritical, IconLock, IconPause } from '~/icons';
import { Banner } from './Banner';
import { KeyBackupBanner } from './KeyBackupBanner';
import { MigrationBanner } from './MigrationBanner';
import { apiSecretQuery, useStatus } from './status';

/**
 * What concerns everybody on every page: secrets that everybody knows, and refreshing that is stopped. What can be
 * put aside comes back at the next visit.
 */
export function Banners() {
  const { t } = useTranslation();
  const status = useStatus().data;
  const placeholder = useQuery(apiSecretQuery).data;
  const paused = status?.egresses_paused ?? [];
  // Browsers let a page of this machine do what others may over HTTPS only.
  const plain = !globalThis.isSecureContext;
  return (
    <>
      {status?.switches.map(({ name, reason, since }) => {
        const halted = name === 'halted';
        return (
          <Banner
            key={name}
            look={halted ? { tone: 'bad', Icon: IconCritical } : { tone: 'doubt', Icon: IconPause }}
            action={<Link to="/jobs">{t('banner.toJobs')}</Link>}
          >
            {t(halted ? 'banner.halted' : 'banner.paused', { reason })} · <RelativeTime at={since} />
          </Banner>
        );
      })}
      {paused.length > 0 ? (
        <Banner
          look={{ tone: 'doubt', Icon: IconPause }}
          action={<Link to="/jobs">{t('banner.toJobs')}</Link>}
        >
          {t('banner.egressPaused', {
            count: paused.length,
            names: paused.map(({ label }) => label).join(', '),
          })}
        </Banner>
      ) : null}
      <MigrationBanner />
      <KeyBackupBanner />
      {placeholder === true ? (
        <Banner
          look={{ tone: 'doubt', Icon: IconLock }}
          action={<Link to="/docs?tab=keys">{t('banner.apiSecretAction')}</Link>}
          dismissible
        >
          {t('banner.apiSecret')}
        </Banner>
      ) : null}
      {plain ? (
        <Banner look={{ tone: 'doubt', Icon: IconLock }} dismissible>
          {t('banner.http')}
        </Banner>
      ) : null}
    </>
  );
}
