import { Badge, Button, Group, Modal, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, Problem } from '~/api';
import {
  ConfirmDialog,
  CopyButton,
  DataTable,
  EmptyState,
  notify,
  ProblemAlert,
  RelativeTime,
  useCloseLabel,
  useLast,
  useProblemForm,
  useProblemText,
  type Column,
} from '~/components';
import { useFormat } from '~/format';
import { IconAdd } from '~/icons';
import { keys } from '~/query';
import { useIsAdministrator } from '~/session';
import { EntryMenu } from './EntryMenu';
import { usePage } from './paging';
import { clientIdsQuery, type ClientId } from './query';
import { InUse, Uses } from './Uses';
import { NO_USES, SOME_USES } from './usage';

const usersOf = ({ client_id: id }: ClientId) => `/credentials?client_id=${encodeURIComponent(id)}`;

type Asking = { what: 'edit' | 'delete'; entry: ClientId } | { what: 'create' };

/** Names for client ids. */
export function ClientIds() {
  const { t } = useTranslation('settings');
  const may = useIsAdministrator();
  const page = usePage();
  const list = useQuery(clientIdsQuery(page));
  const [asking, setAsking] = useState<Asking | null>(null);
  const columns = useColumns(may, setAsking);
  const entry = asking !== null && 'entry' in asking ? asking.entry : undefined;
  const close = () => setAsking(null);
  const create = (
    <Button leftSection={<IconAdd size={16} />} onClick={() => setAsking({ what: 'create' })} disabled={!may}>
      {t('clientIds.new')}
    </Button>
  );

  return (
    <>
      <Group justify="space-between" gap="xs" mb="sm">
        <Text size="sm" c="dimmed">
          {t('clientIds.lead')}
        </Text>
        {create}
      </Group>
      <DataTable<ClientId>
        name="client-ids"
        label={t('tab.clientIds')}
        columns={columns}
        rows={list.data?.items}
        rowId={(row) => row.client_id}
        rowName={(row) => row.name}
        reading={list}
        paging={page.paging(list.data?.total)}
        empty={
          <EmptyState
            kind="nothing"
            title={t('clientIds.empty')}
            text={t('clientIds.emptyText')}
            actions={may ? create : null}
          />
        }
      />
      <Edit opened={asking?.what === 'create' || asking?.what === 'edit'} onClose={close} entry={entry} />
      <Delete entry={asking?.what === 'delete' ? entry : undefined} onClose={close} />
    </>
  );
}

interface EditProps {
  opened: boolean;
  onClose: () => void;
  entry: ClientId | undefined;
}

function Edit({ opened, onClose, entry }: EditProps) {
  const { t } = useTranslation('settings');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={entry ? t('clientIds.editTitle', { name: entry.name }) : t('clientIds.createTitle')}
      closeButtonProps={useCloseLabel()}
    >
      {opened ? <Form onClose={onClose} entry={entry} /> : null}
    </Modal>
  );
}

function Form({ onClose, entry }: Omit<EditProps, 'opened'>) {
  const { t } = useTranslation(['settings', 'common']);
  const text = useProblemText();
  const client = useQueryClient();
  const { form, problem, otherFields, busy, submit } = useProblemForm({
    initialValues: { client_id: entry?.client_id ?? '', name: entry?.name ?? '' },
  });
  const taken = problem instanceof Problem && problem.code === 'name_taken';
  const save = async ({ client_id, name }: { client_id: string; name: string }) => {
    if (entry)
      await api.PATCH('/api/v1/client-ids/{client_id}', { params: { path: { client_id } }, body: { name } });
    else await api.POST('/api/v1/client-ids', { body: { client_id, name } });
    notify.done(t(entry ? 'clientIds.edited' : 'clientIds.created', { name }));
    onClose();
    await client.invalidateQueries({ queryKey: keys.clientIds() });
  };
  return (
    <form onSubmit={submit(save)} autoComplete="off">
      <Stack gap="sm">
        <TextInput
          label={t('clientIds.id')}
          description={t('clientIds.idHelp')}
          required
          maxLength={255}
          spellCheck={false}
          readOnly={entry !== undefined}
          data-autofocus={entry === undefined || undefined}
          {...form.getInputProps('client_id')}
          {...(taken ? { error: text(problem) } : {})}
        />
        <TextInput
          label={t('clientIds.name')}
          required
          maxLength={100}
          data-autofocus={entry !== undefined || undefined}
          {...form.getInputProps('name')}
        />
        {taken ? null : <ProblemAlert problem={problem} fields={otherFields} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t(entry ? 'common:action.save' : 'common:action.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Delete({ entry: asked, onClose }: { entry: ClientId | undefined; onClose: () => void }) {
  const { t } = useTranslation(['settings', 'common']);
  const format = useFormat();
  const client = useQueryClient();
  const entry = useLast(asked);
  const { client_id = '', name = '' } = entry ?? {};
  const [found, setFound] = useState<{ of: string; uses: ClientId['uses'] } | null>(null);
  const uses = found?.of === client_id ? found.uses : (entry?.uses ?? NO_USES);
  const remove = useMutation({
    mutationFn: () => api.DELETE('/api/v1/client-ids/{client_id}', { params: { path: { client_id } } }),
    onSuccess: () => notify.done(t('clientIds.deleted', { name })),
    onError: (problem) => {
      if (problem instanceof Problem && problem.code === 'in_use')
        setFound({ of: client_id, uses: (problem.more.uses as ClientId['uses'] | undefined) ?? SOME_USES });
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.clientIds() }),
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
        title={t('clientIds.inUseTitle', { name })}
        text={t('clientIds.inUse', { count: uses.count, shown: format.count(uses) })}
        to={entry === undefined ? '' : usersOf(entry)}
      />
      <ConfirmDialog
        opened={asked !== undefined && uses.count === 0}
        onClose={close}
        title={t('clientIds.deleteTitle', { name })}
        consequences={[t('clientIds.deleteWhat')]}
        confirmLabel={t('common:action.delete')}
        danger
        onConfirm={() => remove.mutateAsync()}
      />
    </>
  );
}

function useColumns(may: boolean, onAsk: (asking: Asking) => void): readonly Column<ClientId>[] {
  const { t } = useTranslation(['settings', 'common']);
  return useMemo(
    () => [
      {
        key: 'name',
        title: t('clientIds.name'),
        fixed: true,
        render: ({ name, default: isDefault }) => (
          <Group gap="xs" wrap="nowrap">
            <strong>{name}</strong>
            {isDefault ? (
              <Tooltip label={t('clientIds.defaultHelp')}>
                <Badge color="gray" miw="max-content" tabIndex={0}>
                  {t('clientIds.default')}
                </Badge>
              </Tooltip>
            ) : null}
          </Group>
        ),
      },
      {
        key: 'client_id',
        title: t('clientIds.id'),
        render: ({ client_id }) => (
          <Group gap={4} wrap="nowrap">
            <Text span ff="monospace" size="sm">
              {client_id}
            </Text>
            <CopyButton value={client_id} />
          </Group>
        ),
      },
      {
        key: 'uses',
        title: t('proxies.uses'),
        numeric: true,
        render: (row) => <Uses uses={row.uses} to={usersOf(row)} />,
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
        width: 52,
        render: (entry) => (
          <EntryMenu
            name={entry.name}
            may={may}
            onEdit={() => onAsk({ what: 'edit', entry })}
            onDelete={() => onAsk({ what: 'delete', entry })}
          />
        ),
      },
    ],
    [t, may, onAsk],
  );
}
