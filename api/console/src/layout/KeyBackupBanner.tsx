import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { IconLock } from '~/icons';
import { Banner } from './Banner';
import { ConfirmKeyBackup } from './ConfirmKeyBackup';
import classes from './Layout.module.css';
import { systemQuery } from './status';

/** A sealing key that was made at the first start is lost with its disk until somebody has copied it. */
export function KeyBackupBanner() {
  const { t } = useTranslation();
  const system = useQuery(systemQuery).data;
  if (system?.sealing_keys.backup_unconfirmed !== true) return null;
  return (
    <Banner
      look={{ tone: 'doubt', Icon: IconLock }}
      action={<ConfirmKeyBackup className={classes.bannerAction} />}
      dismissible
    >
      {t('banner.keyBackup')}
    </Banner>
  );
}
