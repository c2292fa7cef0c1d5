import { Badge, Button, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '~/api';
import { ConfirmDialog, DataTable, EmptyState, notify, RelativeTime, type Column } from '~/components';
import { useFormat } from '~/format';
import { IconLock, IconLogOut } from '~/icons';
import { keys } from '~/query';
import { ChangePassword } from './PersonForms';
import { programOf } from './program';
import { sessionsQuery, type Session } from './query';

/** The own open sessions. One that somebody does not know is ended here. */
export function SessionsTab() {
  const { t } = useTranslation('system');
  const format = useFormat();
  const client = useQueryClient();
  const sessions = useQuery(sessionsQuery);
  const [ending, setEnding] = useState<readonly Session[]>([]);
  const [changing, { open: openPassword, close: closePassword }] = useDisclosure(false);
  const items = sessions.data?.items;
  const others = items?.filter(({ current }) => !current) ?? [];

  const end = async () => {
    try {
      for (const { id } of ending)
        await api.DELETE('/api/v1/auth/sessions/{id}', { params: { path: { id } } });
      notify.done(t('sessions.ended', { count: ending.length, n: format.number(ending.length) }));
    } finally {
      await client.invalidateQueries({ queryKey: keys.sessions() });
    }
  };

  const columns = useMemo<readonly Column<Session>[]>(
    () => [
      {
        key: 'address',
        title: t('sessions.address'),
        fixed: true,
        render: ({ address, current }) => (
          <>
            {address}{' '}
            {current ? (
              <Badge variant="light" miw="max-content">
                {t('sessions.current')}
              </Badge>
            ) : null}
          </>
        ),
      },
      {
        key: 'user_agent',
        title: t('sessions.program'),
        ellipsis: true,
        render: ({ user_agent }) => (
          <span title={user_agent ?? ''}>{user_agent == null ? '' : programOf(user_agent)}</span>
        ),
      },
      {
        key: 'created_at',
        title: t('sessions.openedAt'),
        numeric: true,
        render: ({ created_at }) => <RelativeTime at={created_at} />,
      },
      {
        key: 'expires_at',
        title: t('sessions.endsAt'),
        numeric: true,
        render: ({ expires_at }) => <RelativeTime at={expires_at} />,
      },
      {
        key: 'actions',
        title: '',
        fixed: true,
        render: (row) =>
          row.current ? null : (
            <Button size="compact-sm" variant="default" onClick={() => setEnding([row])}>
              {t('sessions.end')}
            </Button>
          ),
      },
    ],
    [t],
  );

  return (
    <>
      <DataTable<Session>
        name="sessions"
        label={t('tab.sessions')}
        columns={columns}
        rows={items}
        rowId={(row) => row.id}
        rowName={(row) => row.address}
        reading={sessions}
        minHeight={160}
        toolbar={
          <>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconLogOut size={15} />}
              disabled={others.length === 0}
              onClick={() => setEnding(others)}
            >
              {t('sessions.endOthers')}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconLock size={15} />}
              onClick={openPassword}
            >
              {t('sessions.password')}
            </Button>
          </>
        }
        empty={<EmptyState kind="nothing" />}
      />
      <Text size="xs" c="dimmed" mt="xs">
        {t('sessions.help')}
      </Text>
      <ConfirmDialog
        opened={ending.length > 0}
        onClose={() => setEnding([])}
        title={t('sessions.endTitle', { count: ending.length, n: format.number(ending.length) })}
        consequences={[
          t('sessions.endWhat', { count: ending.length, n: format.number(ending.length) }),
          t('sessions.endStays'),
        ]}
        confirmLabel={t('sessions.end')}
        onConfirm={end}
      />
      <ChangePassword opened={changing} onClose={closePassword} />
    </>
  );
}
