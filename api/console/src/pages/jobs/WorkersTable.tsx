import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { DataTable, EmptyState, Pill, RelativeTime, type Column } from '~/components';
import { useFormat, type Format } from '~/format';
import { SEVERITIES, WORKER_STATES } from '~/theme/states';
import { workersQuery, type Worker } from './query';

/** Who refreshes, whether they do, and how their journals are. */
export function WorkersTable() {
  const { t } = useTranslation('jobs');
  const workers = useQuery(workersQuery);
  return (
    <DataTable<Worker>
      name="workers"
      label={t('tab.workers')}
      columns={useColumns()}
      rows={workers.data?.items}
      rowId={({ id }) => id}
      rowName={({ host, id }) => `${host} ${id}`}
      reading={workers}
      toolbar={<Text size="sm">{t('worker.help')}</Text>}
      empty={<EmptyState kind="nothing" title={t('worker.none')} text={t('worker.noneHelp')} />}
    />
  );
}

function useColumns(): readonly Column<Worker>[] {
  const { t } = useTranslation(['jobs', 'terms']);
  const format = useFormat();
  return useMemo(() => columns(t, format), [t, format]);
}

function columns(t: TFunction<['jobs', 'terms']>, format: Format): readonly Column<Worker>[] {
  return [
    {
      key: 'host',
      title: t('worker.host'),
      fixed: true,
      render: ({ host }) => (
        <Text span size="sm" fw={600}>
          {host}
        </Text>
      ),
    },
    {
      key: 'state',
      title: t('worker.state'),
      render: (worker) => <State worker={worker} />,
    },
    {
      key: 'in_flight',
      title: t('worker.in_flight'),
      numeric: true,
      render: ({ in_flight, state }) => (state === 'alive' ? format.number(in_flight) : ''),
    },
    {
      key: 'heartbeat_at',
      title: t('worker.heartbeat_at'),
      numeric: true,
      render: ({ heartbeat_at, stopped_at }) => <RelativeTime at={stopped_at ?? heartbeat_at} />,
    },
    {
      key: 'lanes',
      title: t('worker.lanes'),
      render: ({ lanes }) =>
        lanes.map((lane) => t(`terms:lane.${lane as 'bulk'}`, { defaultValue: lane })).join(' · '),
    },
    { key: 'version', title: t('worker.version'), render: ({ version }) => version },
    {
      key: 'started_at',
      title: t('worker.started_at'),
      numeric: true,
      render: ({ started_at }) => <RelativeTime at={started_at} />,
    },
    {
      key: 'journal',
      title: t('worker.journal'),
      render: ({ journal }) => <Journal journal={journal} />,
    },
    {
      key: 'id',
      title: 'ID',
      hidden: true,
      render: ({ id }) => (
        <Text span size="xs" ff="monospace">
          {id}
        </Text>
      ),
    },
  ];
}

/** One that lives and takes nothing says why. */
function State({ worker: { state, not_claiming } }: { worker: Worker }) {
  const { t } = useTranslation(['jobs', 'terms']);
  if (state !== 'alive' || not_claiming == null)
    return <Pill look={WORKER_STATES[state]}>{t(`terms:workerState.${state}`)}</Pill>;
  return (
    <>
      <Pill look={SEVERITIES.warning}>{t('worker.notClaiming')}</Pill>
      <Text size="xs" c="dimmed" style={{ whiteSpace: 'normal' }}>
        {not_claiming}
      </Text>
    </>
  );
}

/** What a crash would be recovered from. */
function Journal({ journal }: { journal: Worker['journal'] }) {
  const { t } = useTranslation('jobs');
  const format = useFormat();
  const { failure, damaged_places: damaged, unreadable_answers: unreadable } = journal;
  if (failure == null && damaged === 0 && unreadable === 0)
    return (
      <Pill look={SEVERITIES.ok} plain>
        {t('worker.journalOk')}
      </Pill>
    );
  return (
    <>
      {failure == null ? null : (
        <div>
          <Pill look={SEVERITIES.critical} plain help={t('worker.journalFailedHelp')}>
            {failure}
          </Pill>
        </div>
      )}
      {unreadable > 0 ? (
        <div>
          <Pill look={SEVERITIES.critical} plain help={t('worker.unreadableHelp')}>
            {t('worker.unreadable', { count: unreadable, n: format.number(unreadable) })}
          </Pill>
        </div>
      ) : null}
      {damaged > 0 ? (
        <div>
          <Pill look={SEVERITIES.warning} plain help={t('worker.damagedHelp')}>
            {t('worker.damaged', { count: damaged, n: format.number(damaged) })}
          </Pill>
        </div>
      ) : null}
    </>
  );
}
