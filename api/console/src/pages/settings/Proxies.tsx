import { Button, Group, Menu, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, Problem } from '~/api';
import {
  ConfirmDialog,
  DataTable,
  EmptyState,
  notify,
  RelativeTime,
  useLast,
  type Column,
} from '~/components';
import { useFormat } from '~/format';
import { IconAdd, IconNetwork } from '~/icons';
import { keys } from '~/query';
import { useIsAdministrator } from '~/session';
import { EntryMenu } from './EntryMenu';
import { usePage } from './paging';
import { ProxyDialog } from './ProxyDialog';
import { proxiesQuery, type Proxy } from './query';
import { TestOutcome } from './TestOutcome';
import { useProxyTest, type TestResult, type Way } from './useProxyTest';
import { InUse, Uses } from './Uses';
import { NO_USES, SOME_USES } from './usage';

const usersOf = ({ egress }: Proxy) => `/credentials?proxy=${encodeURIComponent(egress)}`;

type Asking = { what: 'edit' | 'delete'; id: string } | { what: 'create' };

/** The named proxies: who uses them, whether they work, and changing them. */
export function Proxies() {
  const { t } = useTranslation('settings');
  const may = useIsAdministrator();
  const page = usePage();
  const list = useQuery(proxiesQuery(page));
  const [asking, setAsking] = useState<Asking | null>(null);
  const { results, test } = useProxyTest();
  const columns = useColumns({ may, results, onTest: test.mutate, onAsk: setAsking });
  const id = asking !== null && 'id' in asking ? asking.id : null;
  // The newest of it: somebody else may change it while it is being edited.
  const proxy = list.data?.items.find((each) => each.id === id);
  const close = () => setAsking(null);
  const create = (
    <Button leftSection={<IconAdd size={16} />} onClick={() => setAsking({ what: 'create' })} disabled={!may}>
      {t('proxies.new')}
    </Button>
  );

  return (
    <>
      <Group justify="space-between" gap="xs" mb="sm">
        <Text size="sm" c="dimmed">
          {t('proxies.lead')}
        </Text>
        {create}
      </Group>
      <DataTable<Proxy>
        name="proxies"
        label={t('tab.proxies')}
        columns={columns}
        rows={list.data?.items}
        rowId={(row) => row.id}
        rowName={(row) => row.name}
        reading={list}
        toolbar={
          <>
            <Text size="sm">{t('proxies.defaultWay')}</Text>
            <span aria-live="polite">
              <TestOutcome result={results.default} />
            </span>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => test.mutate({})}
              loading={results.default === 'running'}
              disabled={!may}
              aria-label={t('proxies.testDefault')}
            >
              {t('proxies.test')}
            </Button>
          </>
        }
        paging={page.paging(list.data?.total)}
        empty={
          <EmptyState
            kind="nothing"
            title={t('proxies.empty')}
            text={t('proxies.emptyText')}
            actions={may ? create : null}
          />
        }
      />
      <ProxyDialog
        opened={asking?.what === 'create' || (asking?.what === 'edit' && proxy !== undefined)}
        onClose={close}
        proxy={proxy}
      />
      <Delete proxy={asking?.what === 'delete' ? proxy : undefined} onClose={close} />
    </>
  );
}

function Delete({ proxy: asked, onClose }: { proxy: Proxy | undefined; onClose: () => void }) {
  const { t } = useTranslation(['settings', 'common']);
  const format = useFormat();
  const client = useQueryClient();
  const proxy = useLast(asked);
  const { id = '', name = '', url = '' } = proxy ?? {};
  // Those that began to use it meanwhile, of whom the answer tells.
  const [found, setFound] = useState<{ id: string; uses: Proxy['uses'] } | null>(null);
  const uses = found?.id === id ? found.uses : (proxy?.uses ?? NO_USES);
  const remove = useMutation({
    mutationFn: () => api.DELETE('/api/v1/proxies/{id}', { params: { path: { id } } }),
    onSuccess: () => notify.done(t('proxies.deleted', { name })),
    onError: (problem) => {
      if (problem instanceof Problem && problem.code === 'in_use')
        setFound({ id, uses: (problem.more.uses as Proxy['uses'] | undefined) ?? SOME_USES });
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.proxies() }),
  });
  const close = () => {
    setFound(null);
    onClose();
  };
  return (
    <>
      <InUse
        opened={asked !== undefined && uses.count > 0}
        onClose={close}
        title={t('proxies.inUseTitle', { name })}
        text={t('proxies.inUse', { count: uses.count, shown: format.count(uses) })}
        to={proxy === undefined ? '' : usersOf(proxy)}
      />
      <ConfirmDialog
        opened={asked !== undefined && uses.count === 0}
        onClose={close}
        title={t('proxies.deleteTitle', { name })}
        consequences={[t('proxies.deleteWhat', { url }), t('common:confirm.cannotUndo')]}
        confirmLabel={t('common:action.delete')}
        danger
        onConfirm={() => remove.mutateAsync()}
      />
    </>
  );
}

interface ColumnsOf {
  may: boolean;
  results: Readonly<Record<string, TestResult>>;
  onTest: (way: Way) => void;
  onAsk: (asking: Asking) => void;
}

function useColumns({ may, results, onTest, onAsk }: ColumnsOf): readonly Column<Proxy>[] {
  const { t } = useTranslation(['settings', 'common']);
  return useMemo(
    () => [
      { key: 'name', title: t('proxies.name'), fixed: true, render: ({ name }) => <strong>{name}</strong> },
      {
        key: 'url',
        title: t('proxies.url'),
        render: ({ url }) => (
          <Text span ff="monospace" size="sm">
            {url}
          </Text>
        ),
      },
      {
        key: 'uses',
        title: t('proxies.uses'),
        numeric: true,
        render: (row) => <Uses uses={row.uses} to={usersOf(row)} />,
      },
      {
        key: 'test',
        title: t('proxies.reached'),
        // Wide enough for what a test may say: nothing jumps.
        width: 300,
        render: ({ id }) => (
          <span aria-live="polite">
            <TestOutcome result={results[id]} />
          </span>
        ),
      },
      {
        key: 'updated_at',
        title: t('proxies.updated'),
        numeric: true,
        render: ({ updated_at }) => <RelativeTime at={updated_at} />,
      },
      {
        key: 'actions',
        title: '',
        fixed: true,
        width: 128,
        render: ({ id, name }) => (
          <Group gap={4} justify="flex-end" wrap="nowrap">
            <Button
              size="compact-xs"
              variant="default"
              disabled={!may || results[id] === 'running'}
              onClick={() => onTest({ proxy_id: id })}
              aria-label={t('proxies.testName', { name })}
            >
              {t('proxies.test')}
            </Button>
            <EntryMenu
              name={name}
              may={may}
              onEdit={() => onAsk({ what: 'edit', id })}
              onDelete={() => onAsk({ what: 'delete', id })}
            >
              <Menu.Item
                leftSection={<IconNetwork size={16} />}
                disabled={!may}
                onClick={() => onTest({ proxy_id: id })}
              >
                {t('proxies.test')}
              </Menu.Item>
            </EntryMenu>
          </Group>
        ),
      },
    ],
    [t, may, results, onTest, onAsk],
  );
}
