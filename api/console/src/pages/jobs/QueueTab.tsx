import { Paper, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import {
  CursorPager,
  DataTable,
  EmptyState,
  LoadProblem,
  Pill,
  RelativeTime,
  RowLink,
  useCursor,
  type Column,
} from '~/components';
import { useFormat } from '~/format';
import { PART } from '~/jobs';
import { ATTEMPT_STATES } from '~/theme/states';
import { openAttemptsQuery, queueQuery, workersQuery, type OpenAttempt } from './query';

/** What waits, where, and for how long; and what is under way. */
export function QueueTab() {
  const { t } = useTranslation('jobs');
  const cursor = useCursor<string>('open');
  const open = useQuery(openAttemptsQuery(cursor.at));
  return (
    <>
      <Lines />
      <DataTable<OpenAttempt>
        name="open-attempts"
        label={t('open.title')}
        columns={useColumns()}
        rows={open.data?.items}
        rowId={({ id }) => id}
        rowName={({ biz_id, id }) => biz_id ?? id}
        reading={open}
        toolbar={<strong>{t('open.title')}</strong>}
        footer={
          <CursorPager
            cursor={cursor}
            next={open.data?.next}
            size={PART}
            shown={open.data?.items.length ?? 0}
          />
        }
        empty={<EmptyState kind="nothing" title={t('open.none')} text={t('open.noneHelp')} />}
      />
    </>
  );
}

function Lines() {
  const { t } = useTranslation(['jobs', 'terms', 'common']);
  const format = useFormat();
  const queue = useQuery(queueQuery);
  const lines = (['interactive', 'schedule', 'job'] as const).map((name) => {
    const line = queue.data?.lines.find((each) => each.line === name);
    return {
      name: t(`line.${name}`),
      help: t(`lineHelp.${name}`),
      value: line ? format.count(line.waiting) : '–',
      more:
        line?.oldest_wait_seconds == null
          ? t('queue.noWait')
          : t('queue.oldest', { time: format.duration(line.oldest_wait_seconds) }),
    };
  });
  const lanes = (['interactive', 'bulk'] as const).map((name) => {
    const lane = queue.data?.lanes.find((each) => each.lane === name);
    return {
      name: t('queue.lane', { lane: t(`terms:lane.${name}`) }),
      help: t('queue.laneHelp'),
      value: lane === undefined ? '–' : lane.depth == null ? t('common:unknown') : format.number(lane.depth),
      more: t('queue.pushed'),
    };
  });
  const figures = queue.data !== undefined;
  return (
    <>
      <LoadProblem problem={queue.error} shown={figures} retry={() => void queue.refetch()} />
      {!figures && queue.error ? null : (
        <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="xs">
          {[...lines, ...lanes].map(({ name, help, value, more }) => (
            <Paper key={name} p="sm" title={help}>
              <Text size="xs" c="dimmed">
                {name}
              </Text>
              <Text fw={650} size="xl">
                {value}
              </Text>
              <Text size="xs" c="dimmed">
                {more}
              </Text>
            </Paper>
          ))}
        </SimpleGrid>
      )}
    </>
  );
}

function useColumns(): readonly Column<OpenAttempt>[] {
  const { t } = useTranslation(['jobs', 'terms']);
  const hosts = useQuery(workersQuery).data?.items;
  return useMemo(() => columns(t, (id) => hosts?.find((worker) => worker.id === id)?.host ?? id), [t, hosts]);
}

function columns(
  t: TFunction<['jobs', 'terms']>,
  host: (worker: string) => string,
): readonly Column<OpenAttempt>[] {
  return [
    {
      key: 'credential',
      title: t('open.credential'),
      fixed: true,
      render: ({ credential_id, biz_id }) =>
        biz_id == null ? credential_id : <RowLink to={`/credentials/${credential_id}`}>{biz_id}</RowLink>,
    },
    {
      key: 'state',
      title: t('open.state'),
      render: ({ state, probe }) => (
        <>
          <Pill look={ATTEMPT_STATES[state]}>{t(`terms:attemptState.${state}`)}</Pill>{' '}
          {probe ? (
            <Text span size="xs" c="dimmed">
              {t('terms:because.probe')}
            </Text>
          ) : null}
        </>
      ),
    },
    { key: 'cause', title: t('open.cause'), render: ({ cause }) => t(`terms:cause.${cause}`) },
    { key: 'lane', title: t('open.lane'), render: ({ lane }) => t(`terms:lane.${lane}`) },
    {
      key: 'since',
      title: t('open.since'),
      numeric: true,
      render: ({ since }) => <RelativeTime at={since} />,
    },
    {
      key: 'requested_at',
      title: t('open.requested_at'),
      numeric: true,
      hidden: true,
      render: ({ requested_at }) => <RelativeTime at={requested_at} />,
    },
    {
      key: 'worker',
      title: t('open.worker'),
      render: ({ worker }) => (worker == null ? '' : host(worker)),
    },
  ];
}
