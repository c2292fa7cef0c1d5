import { Button, Center, Group, Menu, SegmentedControl, Stack, Text } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { api, type Schemas } from '~/api';
import {
  ConfirmDialog,
  DataTable,
  EmptyState,
  notify,
  RowButton,
  useLast,
  useProblemText,
} from '~/components';
import { useFormat, useNow } from '~/format';
import { IconAdd, IconDelete, IconDisabled, IconEdit, IconHealthy, IconHistory, IconMore } from '~/icons';
import { keys } from '~/query';
import { useIsAdministrator } from '~/session';
import { ConfiguredKey } from './ConfiguredKey';
import { HandoutsDialog, type Asked } from './HandoutsDialog';
import { useKeyColumns } from './keyColumns';
import { KeyDialog } from './KeyDialog';
import { keysQuery, type Key } from './query';
import { SecretDialog } from './SecretDialog';

type Asking = { what: 'create' } | { what: 'edit' | 'revoke'; key: Key };

/** The API keys of programs. */
export function Keys() {
  const { t } = useTranslation('api');
  const may = useIsAdministrator();
  const [params, setParams] = useSearchParams();
  const revoked = params.get('revoked') === 'true';
  const list = useInfiniteQuery(keysQuery(revoked));
  const rows = list.data?.pages.flatMap(({ items }) => items);
  const configured = list.data?.pages[0]?.configured;
  const [asking, setAsking] = useState<Asking | null>(null);
  const [handouts, setHandouts] = useState<Asked | null>(null);
  const [created, setCreated] = useState<Schemas['CreatedKey'] | null>(null);
  const actions = useCallback(
    (key: Key) => <Actions apiKey={key} may={may} onAsk={setAsking} onHandouts={setHandouts} />,
    [may],
  );
  const columns = useKeyColumns(revoked, actions);
  const close = () => setAsking(null);
  const create = (
    <Button leftSection={<IconAdd size={16} />} onClick={() => setAsking({ what: 'create' })} disabled={!may}>
      {t('keys.new')}
    </Button>
  );

  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          {t('keys.lead')}
        </Text>
        {create}
      </Group>
      <DataTable<Key>
        name="api-keys"
        label={t('tab.keys')}
        columns={columns}
        rows={rows}
        rowId={(row) => row.id}
        rowName={(row) => row.name}
        reading={{
          isFetching: list.isFetching,
          error: list.error,
          refetch: () => (list.isFetchNextPageError ? list.fetchNextPage() : list.refetch()),
        }}
        toolbar={
          <SegmentedControl
            size="xs"
            aria-label={t('keys.which')}
            value={String(revoked)}
            onChange={(value) =>
              setParams({ tab: 'keys', ...(value === 'true' ? { revoked: value } : {}) }, { replace: true })
            }
            data={[
              { value: 'false', label: t('keys.live') },
              { value: 'true', label: t('keys.revoked') },
            ]}
          />
        }
        empty={
          revoked ? (
            <EmptyState kind="nothing" title={t('keys.noneRevoked')} />
          ) : (
            <EmptyState
              kind="nothing"
              title={t('keys.empty')}
              text={t('keys.emptyText')}
              actions={may ? create : null}
            />
          )
        }
      />
      {list.hasNextPage ? (
        <Center>
          <Button
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {t('keys.more')}
          </Button>
        </Center>
      ) : null}
      {configured ? (
        <ConfiguredKey
          configured={configured}
          onHandouts={() => setHandouts({ id: 'configured', name: 'api_secret' })}
        />
      ) : null}
      <KeyDialog
        opened={asking?.what === 'create' || asking?.what === 'edit'}
        onClose={close}
        apiKey={asking?.what === 'edit' ? asking.key : undefined}
        onCreated={(made) => {
          close();
          setCreated(made);
        }}
      />
      <SecretDialog created={created} onClose={() => setCreated(null)} />
      <HandoutsDialog asked={handouts} onClose={() => setHandouts(null)} />
      <Revoke apiKey={asking?.what === 'revoke' ? asking.key : undefined} onClose={close} />
    </Stack>
  );
}

interface ActionsProps {
  apiKey: Key;
  may: boolean;
  onAsk: (asking: Asking) => void;
  onHandouts: (asked: Asked) => void;
}

function Actions({ apiKey: key, may, onAsk, onHandouts }: ActionsProps) {
  const { t } = useTranslation(['api', 'common']);
  const client = useQueryClient();
  const text = useProblemText();
  const { id, name, enabled, status } = key;
  const setEnabled = useMutation({
    mutationFn: (next: boolean) =>
      api.PATCH('/api/v1/keys/{id}', { params: { path: { id } }, body: { enabled: next } }),
    onSuccess: (_, next) => notify.done(t(next ? 'keys.enabledDone' : 'keys.disabledDone', { name })),
    onError: (problem) => notify.failed(`${name}: ${text(problem)}`),
    onSettled: () => client.invalidateQueries({ queryKey: keys.apiKeys() }),
  });
  return (
    <Menu position="bottom-end" withinPortal shadow="md">
      <Menu.Target>
        <RowButton aria-label={t('common:table.rowActions', { name })}>
          <IconMore size={17} />
        </RowButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconHistory size={16} />} onClick={() => onHandouts({ id, name })}>
          {t('keys.handouts')}
        </Menu.Item>
        {status === 'revoked' ? null : (
          <>
            <Menu.Item
              leftSection={<IconEdit size={16} />}
              disabled={!may}
              onClick={() => onAsk({ what: 'edit', key })}
            >
              {t('common:action.edit')}
            </Menu.Item>
            <Menu.Item
              leftSection={enabled ? <IconDisabled size={16} /> : <IconHealthy size={16} />}
              disabled={!may}
              onClick={() => setEnabled.mutate(!enabled)}
            >
              {t(enabled ? 'keys.disable' : 'keys.enable')}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconDelete size={16} />}
              disabled={!may}
              {...(may ? { c: 'var(--rtm-bad-fg)' } : {})}
              onClick={() => onAsk({ what: 'revoke', key })}
            >
              {t('keys.revoke')}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function Revoke({ apiKey: asked, onClose }: { apiKey: Key | undefined; onClose: () => void }) {
  const { t } = useTranslation('api');
  const format = useFormat();
  const client = useQueryClient();
  const { id = '', name = '', prefix = '', last_used_at: used } = useLast(asked) ?? {};
  const now = useNow(60);
  const revoke = useMutation({
    mutationFn: () => api.DELETE('/api/v1/keys/{id}', { params: { path: { id } } }),
    onSuccess: () => notify.done(t('keys.revokedDone', { name })),
    onSettled: () => client.invalidateQueries({ queryKey: keys.apiKeys() }),
  });
  return (
    <ConfirmDialog
      opened={asked !== undefined}
      onClose={onClose}
      title={t('keys.revokeTitle', { name })}
      consequences={[
        t('keys.revokeWhat', { prefix }),
        used == null
          ? t('keys.revokeUnused')
          : t('keys.revokeUsed', { ago: format.relative((Date.parse(used) - now) / 1000) }),
        t('keys.revokeFinal'),
      ]}
      confirmLabel={t('keys.revoke')}
      danger
      typeToConfirm={name}
      onConfirm={() => revoke.mutateAsync()}
    />
  );
}
