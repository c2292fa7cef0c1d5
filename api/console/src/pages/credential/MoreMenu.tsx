import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { ConfirmDialog, notify, PasswordPrompt } from '~/components';
import { useFormat } from '~/format';
import { IconDelete, IconDisabled, IconDown, IconEdit, IconHealthy, IconLock, IconWarning } from '~/icons';
import { useCredentialActions } from '~/pages/credentials/actions';
import { useIsAdministrator } from '~/session';
import { useDetailActions } from './actions';
import type { Credential } from './query';

type Asking = 'disable' | 'delete' | 'purge' | 'revoke';

interface Props {
  credential: Credential;
  onEdit: () => void;
  onReplace: () => void;
}

/** What is done seldom; the further down, the harder to take back. */
export function MoreMenu({ credential, onEdit, onReplace }: Props) {
  const { t } = useTranslation(['credential', 'credentials', 'common']);
  const may = useIsAdministrator();
  const [asking, setAsking] = useState<Asking | null>(null);
  const { setEnabled } = useCredentialActions();
  const danger = may ? { c: 'var(--rtm-bad-fg)' } : {};
  return (
    <>
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <Button variant="default" rightSection={<IconDown size={14} />}>
            {t('more')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconEdit size={16} />} disabled={!may} onClick={onEdit}>
            {t('common:action.edit')}
          </Menu.Item>
          <Menu.Item leftSection={<IconLock size={16} />} disabled={!may} onClick={onReplace}>
            {t('replace.verb')}
          </Menu.Item>
          {credential.enabled ? (
            <Menu.Item
              leftSection={<IconDisabled size={16} />}
              disabled={!may}
              onClick={() => setAsking('disable')}
            >
              {t('credentials:row.disable')}
            </Menu.Item>
          ) : (
            <Menu.Item
              leftSection={<IconHealthy size={16} />}
              disabled={!may}
              onClick={() => setEnabled.mutate({ credential, enabled: true })}
            >
              {t('credentials:row.enable')}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconDelete size={16} />}
            disabled={!may}
            {...danger}
            onClick={() => setAsking('delete')}
          >
            {t('credentials:row.delete')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconDelete size={16} />}
            disabled={!may}
            {...danger}
            onClick={() => setAsking('purge')}
          >
            {t('purge.verb')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconWarning size={16} />}
            disabled={!may}
            {...danger}
            onClick={() => setAsking('revoke')}
          >
            {t('revoke.verb')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Dialogs credential={credential} asking={asking} onClose={() => setAsking(null)} />
    </>
  );
}

function Dialogs({
  credential,
  asking,
  onClose,
}: {
  credential: Credential;
  asking: Asking | null;
  onClose: () => void;
}) {
  const { t } = useTranslation(['credential', 'credentials']);
  const format = useFormat();
  const navigate = useNavigate();
  const { setEnabled, remove } = useCredentialActions();
  const { purge, revoke } = useDetailActions(credential.id);
  const { biz_id: name, state, access_token } = credential;
  const left = access_token.expires_in ?? 0;
  return (
    <>
      <ConfirmDialog
        opened={asking === 'disable'}
        onClose={onClose}
        title={t('credentials:disable.title', { name })}
        consequences={[
          left > 0
            ? t('credentials:disable.what', { when: format.relative(left) })
            : t('credentials:disable.noToken'),
          ...(state === 'queued' ? [t('credentials:disable.queued')] : []),
        ]}
        confirmLabel={t('credentials:row.disable')}
        onConfirm={() => setEnabled.mutateAsync({ credential, enabled: false })}
      />
      <ConfirmDialog
        opened={asking === 'delete'}
        onClose={onClose}
        title={t('credentials:delete.title', { name })}
        consequences={[
          t('credentials:delete.what', { name }),
          ...(state === 'refreshing' ? [t('credentials:delete.inFlight')] : []),
          t('credentials:delete.undo'),
        ]}
        confirmLabel={t('credentials:row.delete')}
        danger
        onConfirm={() => remove.mutateAsync(credential)}
      />
      <ConfirmDialog
        opened={asking === 'purge'}
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
      <PasswordPrompt
        opened={asking === 'revoke'}
        onClose={onClose}
        title={t('revoke.title', { name })}
        why={t('revoke.what')}
        confirmLabel={t('revoke.verb')}
        onSubmit={async (password) => {
          await revoke(password);
          notify.done(t('revoke.done', { name }));
        }}
      />
    </>
  );
}
