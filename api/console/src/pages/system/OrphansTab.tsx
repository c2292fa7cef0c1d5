import { Anchor, Button, Code, Group } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, Problem } from '~/api';
import {
  ConfirmDialog,
  CursorPager,
  DataTable,
  EmptyState,
  notify,
  RelativeTime,
  useCursor,
  type Column,
} from '~/components';
import { useIsAdministrator } from '~/session';
import { orphansQuery, PART, type Orphan } from './query';

/** `replace`: the credential turned out to hold a token that works. */
interface Asking {
  orphan: Orphan;
  what: 'apply' | 'replace' | 'discard';
}

/** Tokens that the upstream gave and that fitted nowhere. They are kept until somebody decides. */
export function OrphansTab() {
  const { t } = useTranslation(['system', 'common', 'terms']);
  const client = useQueryClient();
  const cursor = useCursor<string>('');
  const list = useQuery(orphansQuery(cursor.at));
  const [asking, setAsking] = useState<Asking | null>(null);
  const items = list.data?.items;
  const name = asking?.orphan.biz_id ?? asking?.orphan.credential_id ?? '';
  const close = () => setAsking(null);

  const decide = async (act: () => Promise<unknown>, message: string) => {
    try {
      await act();
      notify.done(message);
    } finally {
      await Promise.all(
        ['orphans', 'status', 'credentials', 'credential'].map((key) =>
          client.invalidateQueries({ queryKey: [key] }),
        ),
      );
    }
  };
  const apply = async ({ orphan }: Asking, replace: boolean) => {
    const path = { attempt: orphan.attempt_id };
    try {
      await decide(
        () => api.POST('/api/v1/orphans/{attempt}/apply', { params: { path }, body: { replace } }),
        t('orphans.applied', { name }),
      );
    } catch (failure) {
      if (!(failure instanceof Problem) || failure.code !== 'credential_healthy') throw failure;
      // The dialog closes itself; the next question takes its place.
      setTimeout(() => setAsking({ orphan, what: 'replace' }));
    }
  };

  return (
    <>
      <DataTable<Orphan>
        name="orphans"
        label={t('tab.orphans')}
        columns={useColumns(setAsking)}
        rows={items}
        rowId={(row) => row.attempt_id}
        rowName={(row) => row.biz_id ?? row.credential_id}
        reading={list}
        footer={<CursorPager cursor={cursor} next={list.data?.next} size={PART} shown={items?.length ?? 0} />}
        empty={<EmptyState kind="nothing" title={t('orphans.none')} text={t('orphans.noneHelp')} />}
      />
      <ConfirmDialog
        opened={asking?.what === 'apply'}
        onClose={close}
        title={t('orphans.applyTitle', { name })}
        consequences={[t('orphans.applyWhat'), t('orphans.applyNext')]}
        confirmLabel={t('terms:advice.apply_orphan')}
        onConfirm={() => (asking ? apply(asking, false) : Promise.resolve())}
      />
      <ConfirmDialog
        opened={asking?.what === 'replace'}
        onClose={close}
        title={t('orphans.replaceTitle', { name })}
        consequences={[t('orphans.replaceWhat'), t('orphans.replaceLost'), t('common:confirm.cannotUndo')]}
        confirmLabel={t('orphans.replace')}
        danger
        onConfirm={() => (asking ? apply(asking, true) : Promise.resolve())}
      />
      <ConfirmDialog
        opened={asking?.what === 'discard'}
        onClose={close}
        title={t('orphans.discardTitle', { name })}
        consequences={[t('orphans.discardWhat'), t('common:confirm.cannotUndo')]}
        confirmLabel={t('terms:advice.discard_orphan')}
        danger
        onConfirm={() =>
          decide(
            () =>
              api.DELETE('/api/v1/orphans/{attempt}', {
                params: { path: { attempt: asking?.orphan.attempt_id ?? '' } },
              }),
            t('orphans.discarded', { name }),
          )
        }
      />
    </>
  );
}

function useColumns(ask: (asking: Asking) => void): readonly Column<Orphan>[] {
  const { t } = useTranslation(['system', 'terms']);
  const may = useIsAdministrator();
  return useMemo(
    () => [
      {
        key: 'created_at',
        title: t('orphans.since'),
        fixed: true,
        render: ({ created_at }) => <RelativeTime at={created_at} />,
      },
      {
        key: 'biz_id',
        title: t('orphans.credential'),
        fixed: true,
        render: ({ biz_id, credential_id }) =>
          biz_id == null ? (
            t('orphans.deleted')
          ) : (
            <Anchor component={Link} to={`/credentials/${credential_id}`} size="sm">
              {biz_id}
            </Anchor>
          ),
      },
      {
        key: 'reason',
        title: t('orphans.reason'),
        ellipsis: true,
        width: 380,
        render: ({ reason }) => reason,
      },
      {
        key: 'fingerprint',
        title: t('orphans.fingerprint'),
        render: (row) => <Code>{row.spent_refresh_token_fingerprint}</Code>,
      },
      {
        key: 'actions',
        title: '',
        fixed: true,
        render: (orphan) => (
          <Group gap={4} wrap="nowrap">
            <Button
              size="compact-sm"
              variant="default"
              disabled={!may || orphan.biz_id == null}
              onClick={() => ask({ orphan, what: 'apply' })}
            >
              {t('terms:advice.apply_orphan')}
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              disabled={!may}
              onClick={() => ask({ orphan, what: 'discard' })}
            >
              {t('terms:advice.discard_orphan')}
            </Button>
          </Group>
        ),
      },
    ],
    [t, may, ask],
  );
}
