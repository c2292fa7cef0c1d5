import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '~/api';
import { ConfirmLink } from '~/components';
import { keys } from '~/query';
import { useIsAdministrator } from '~/session';

/** Says that the sealing key is backed up. Nothing for whoever may not say it. */
export function ConfirmKeyBackup({ className }: { className?: string | undefined }) {
  const { t } = useTranslation();
  const may = useIsAdministrator();
  const client = useQueryClient();
  const confirm = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/system/key-backup', { body: { backed_up: true } })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.system }),
  });
  if (!may) return null;
  return (
    <ConfirmLink
      label={t('banner.keyBackupAction')}
      className={className}
      title={t('banner.keyBackupTitle')}
      consequences={[t('banner.keyBackupWhat'), t('banner.keyBackupRisk')]}
      confirmLabel={t('banner.keyBackupVerb')}
      onConfirm={() => confirm.mutateAsync()}
    />
  );
}
