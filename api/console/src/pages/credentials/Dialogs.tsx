import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { ConfirmDialog } from '~/components';
import { useFormat } from '~/format';
import { useCredentialActions } from './actions';

/** What is asked about before it is done to one credential. */
export type Asking = 'disable' | 'delete';

interface Props {
  credential: Schemas['CredentialView'];
  /** `null`: nothing. */
  asking: Asking | null;
  onClose: () => void;
}

/** Asks before a credential is disabled or deleted, in its row as on its page. */
export function CredentialDialogs({ credential, asking, onClose }: Props) {
  const { t } = useTranslation('credentials');
  const format = useFormat();
  const { setEnabled, remove } = useCredentialActions();
  const { biz_id: name, state, access_token } = credential;
  const left = access_token.expires_in ?? 0;
  return (
    <>
      <ConfirmDialog
        opened={asking === 'disable'}
        onClose={onClose}
        title={t('disable.title', { name })}
        consequences={[
          left > 0 ? t('disable.what', { when: format.relative(left) }) : t('disable.noToken'),
          ...(state === 'queued' ? [t('disable.queued')] : []),
        ]}
        confirmLabel={t('row.disable')}
        onConfirm={() => setEnabled.mutateAsync({ credential, enabled: false })}
      />
      <ConfirmDialog
        opened={asking === 'delete'}
        onClose={onClose}
        title={t('delete.title', { name })}
        consequences={[
          t('delete.what', { name }),
          ...(state === 'refreshing' ? [t('delete.inFlight')] : []),
          t('delete.undo'),
        ]}
        confirmLabel={t('row.delete')}
        danger
        onConfirm={() => remove.mutateAsync(credential)}
      />
    </>
  );
}
