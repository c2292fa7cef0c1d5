import { ActionIcon, Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { ConfirmDialog } from '~/components';
import { useFormat } from '~/format';
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
import type { Credential } from './query';

/** What can be done with one row. Viewers can only look. */
export function RowActions({ credential }: { credential: Credential }) {
  const { t } = useTranslation(['credentials', 'common']);
  const may = useIsAdministrator();
  const format = useFormat();
  const [asking, setAsking] = useState<'delete' | 'disable' | null>(null);
  const { refresh, setEnabled, remove, restore } = useCredentialActions();
  const { id, biz_id: name, enabled, deleted_at, access_token, state } = credential;
  const deleted = deleted_at != null;
  const left = access_token.expires_in;

  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md">
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
      <ConfirmDialog
        opened={asking === 'delete'}
        onClose={() => setAsking(null)}
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
      <ConfirmDialog
        opened={asking === 'disable'}
        onClose={() => setAsking(null)}
        title={t('disable.title', { name })}
        consequences={[
          left != null && left > 0
            ? t('disable.what', { when: format.relative(left) })
            : t('disable.noToken'),
          ...(state === 'queued' ? [t('disable.queued')] : []),
        ]}
        confirmLabel={t('row.disable')}
        onConfirm={() => setEnabled.mutateAsync({ credential, enabled: false })}
      />
    </>
  );
}
