import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { ConfirmDialog, notify } from '~/components';
import { useDetailActions } from './actions';

interface Props {
  id: string;
  /** How people call it; its id where nobody knows any more. Has to be typed. */
  name: string;
  opened: boolean;
  onClose: () => void;
}

/** Asks before a credential goes for good, deleted before or not. */
export function PurgeDialog({ id, name, opened, onClose }: Props) {
  const { t } = useTranslation('credential');
  const navigate = useNavigate();
  const { purge } = useDetailActions(id);
  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title={t('purge.title', { name })}
      consequences={[t('purge.what', { name }), t('purge.remembered'), t('purge.undo')]}
      confirmLabel={t('purge.verb')}
      danger
      typeToConfirm={name}
      onConfirm={async () => {
        await purge.mutateAsync();
        notify.done(t('purge.done', { name }));
        await navigate('/credentials');
      }}
    />
  );
}
