import { Menu } from '@mantine/core';
import { useRef, useState, type ReactElement } from 'react';
import { flushSync } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { RowButton } from '~/components';
import {
  IconCredentials,
  IconDelete,
  IconDisabled,
  IconHealthy,
  IconHistory,
  IconMore,
  IconRefresh,
} from '~/icons';
import { useTexts } from '~/i18n/texts';
import { useIsAdministrator } from '~/session';
import { useCredentialActions } from './actions';
import { CredentialDialogs, type Asking } from './Dialogs';
import type { Credential } from './query';

/** What can be done with one row. A page has up to 200 of them, and a menu is made for those that somebody opens. */
export function RowActions({ credential }: { credential: Credential }) {
  const { t } = useTexts();
  const button = useRef<HTMLButtonElement>(null);
  const [menu, setMenu] = useState<'none' | 'closed' | 'open'>('none');
  const label = t('table.rowActions', { name: credential.biz_id });
  if (menu === 'none') {
    const open = () => {
      flushSync(() => setMenu('closed'));
      // The menu gives the focus back to where it was when it opened.
      button.current?.focus();
      setMenu('open');
    };
    return (
      <RowButton aria-label={label} aria-haspopup="menu" onClick={open}>
        <IconMore size={17} />
      </RowButton>
    );
  }
  return (
    <RowMenu
      credential={credential}
      opened={menu === 'open'}
      onChange={(opened) => setMenu(opened ? 'open' : 'closed')}
    >
      <RowButton ref={button} aria-label={label}>
        <IconMore size={17} />
      </RowButton>
    </RowMenu>
  );
}

interface RowMenuProps {
  credential: Credential;
  opened: boolean;
  onChange: (opened: boolean) => void;
  /** What opens it. */
  children: ReactElement;
}

/** Viewers can only look. */
function RowMenu({ credential, opened, onChange, children }: RowMenuProps) {
  const { t } = useTranslation('credentials');
  const may = useIsAdministrator();
  const [asking, setAsking] = useState<Asking | null>(null);
  const { refresh, setEnabled, restore } = useCredentialActions();
  const { id, enabled, deleted_at } = credential;
  const deleted = deleted_at != null;

  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md" opened={opened} onChange={onChange}>
        <Menu.Target>{children}</Menu.Target>
        <Menu.Dropdown>
          {deleted ? (
            <Menu.Item
              leftSection={<IconHistory size={16} />}
              disabled={!may}
              onClick={() => restore.mutate(credential)}
            >
              {t('row.restore')}
            </Menu.Item>
          ) : (
            <>
              <Menu.Item
                component={Link}
                to={`/credentials/${id}`}
                leftSection={<IconCredentials size={16} />}
              >
                {t('row.open')}
              </Menu.Item>
              <Menu.Item
                leftSection={<IconRefresh size={16} />}
                disabled={!may || !enabled}
                onClick={() => refresh.mutate(credential)}
              >
                {t('row.refresh')}
              </Menu.Item>
              {enabled ? (
                <Menu.Item
                  leftSection={<IconDisabled size={16} />}
                  disabled={!may}
                  onClick={() => setAsking('disable')}
                >
                  {t('row.disable')}
                </Menu.Item>
              ) : (
                <Menu.Item
                  leftSection={<IconHealthy size={16} />}
                  disabled={!may}
                  onClick={() => setEnabled.mutate({ credential, enabled: true })}
                >
                  {t('row.enable')}
                </Menu.Item>
              )}
              <Menu.Divider />
              <Menu.Item
                leftSection={<IconDelete size={16} />}
                disabled={!may}
                {...(may ? { c: 'var(--rtm-bad-fg)' } : {})}
                onClick={() => setAsking('delete')}
              >
                {t('row.delete')}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <CredentialDialogs credential={credential} asking={asking} onClose={() => setAsking(null)} />
    </>
  );
}
