import { ActionIcon, Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import {
  IconCredentials,
  IconDelete,
  IconDisabled,
  IconHealthy,
  IconHistory,
  IconMore,
  IconRefresh,
} from '~/icons';
import { useIsAdministrator } from '~/session';
import { useCredentialActions } from './actions';
import { CredentialDialogs, type Asking } from './Dialogs';
import type { Credential } from './query';

/** What can be done with one row. Viewers can only look. */
export function RowActions({ credential }: { credential: Credential }) {
  const { t } = useTranslation(['credentials', 'common']);
  const may = useIsAdministrator();
  const [asking, setAsking] = useState<Asking | null>(null);
  // A page has up to 200 rows, and nobody opens the menus of most.
  const [used, setUsed] = useState(false);
  const { refresh, setEnabled, restore } = useCredentialActions();
  const { id, biz_id: name, enabled, deleted_at } = credential;
  const deleted = deleted_at != null;

  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md" onOpen={() => setUsed(true)}>
        <Menu.Target>
          <ActionIcon size="sm" aria-label={t('common:table.rowActions', { name })}>
            <IconMore size={17} />
          </ActionIcon>
        </Menu.Target>
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
      {used ? (
        <CredentialDialogs credential={credential} asking={asking} onClose={() => setAsking(null)} />
      ) : null}
    </>
  );
}
