import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '~/api';
import { ConfirmLink } from '~/components';
import { useFormat } from '~/format';
import { IconPause } from '~/icons';
import { useIsAdministrator } from '~/session';
import { Banner } from './Banner';
import classes from './Layout.module.css';
import { useStatus } from './status';

/** Credentials that were taken over from the predecessor wait until somebody says that it has stopped. */
export function MigrationBanner() {
  const { t } = useTranslation();
  const format = useFormat();
  const may = useIsAdministrator();
  const client = useQueryClient();
  const waiting = useStatus().data?.awaiting_migration;
  const confirm = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/migration/confirm', { body: { old_program_stopped: true } })),
    onSettled: () => client.invalidateQueries(),
  });
  if (waiting === undefined || waiting.count === 0) return null;
  const n = format.count(waiting);
  return (
    <Banner
      look={{ tone: 'doubt', Icon: IconPause }}
      action={
        may ? (
          <ConfirmLink
            label={t('banner.migrationAction')}
            className={classes.bannerAction}
            title={t('banner.migrationTitle')}
            consequences={[t('banner.migrationWhat', { n }), t('banner.migrationRisk')]}
            confirmLabel={t('banner.migrationVerb')}
            danger
            onConfirm={() => confirm.mutateAsync()}
          />
        ) : null
      }
    >
      {t('banner.migration', { count: waiting.count, n })}
    </Banner>
  );
}
