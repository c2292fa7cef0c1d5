import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { notify, PasswordPrompt } from '~/components';
import { IconDelete, IconDisabled, IconDown, IconEdit, IconHealthy, IconLock, IconWarning } from '~/icons';
import { useCredentialActions } from '~/pages/credentials/actions';
import { CredentialDialogs, type Asking as AskingAlike } from '~/pages/credentials/Dialogs';
import { useIsAdministrator } from '~/session';
import { useDetailActions } from './actions';
import { PurgeDialog } from './PurgeDialog';
import type { Credential } from './query';

type Asking = AskingAlike | 'purge' | 'revoke';

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
  const { t } = useTranslation('credential');
  const { revoke } = useDetailActions(credential.id);
  const { biz_id: name } = credential;
  return (
    <>
      <CredentialDialogs
        credential={credential}
        asking={asking === 'disable' || asking === 'delete' ? asking : null}
        onClose={onClose}
      />
      <PurgeDialog id={credential.id} name={name} opened={asking === 'purge'} onClose={onClose} />
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
