import { Anchor } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '~/api';
import { ConfirmDialog } from '~/components';
import { IconLock } from '~/icons';
import { keys } from '~/query';
import { useIsAdministrator } from '~/session';
import { Banner } from './Banner';
import classes from './Layout.module.css';
import { systemQuery } from './status';

/** A sealing key that was made at the first start is lost with its disk until somebody has copied it. */
export function KeyBackupBanner() {
  const { t } = useTranslation();
  const may = useIsAdministrator();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const asked = useQuery(systemQuery).data?.sealing_keys.backup_unconfirmed ?? false;
  const confirm = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/system/key-backup', { body: { backed_up: true } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.system }),
  });
  if (!asked) return null;
  return (
    <Banner
      look={{ tone: 'doubt', Icon: IconLock }}
      action={
        may ? (
          <Anchor
            component="button"
            type="button"
            size="sm"
            className={classes.bannerAction ?? ''}
            onClick={() => setAsking(true)}
          >
            {t('banner.keyBackupAction')}
          </Anchor>
        ) : null
      }
      dismissible
    >
      {t('banner.keyBackup')}
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('banner.keyBackupTitle')}
        consequences={[t('banner.keyBackupWhat'), t('banner.keyBackupRisk')]}
        confirmLabel={t('banner.keyBackupVerb')}
        onConfirm={() => confirm.mutateAsync()}
      />
    </Banner>
  );
}
