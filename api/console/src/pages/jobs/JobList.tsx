import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schemas } from '~/api';
import {
  CursorPager,
  DataTable,
  EmptyState,
  FilterBar,
  JobProgress,
  RelativeTime,
  RowLink,
  useCursor,
  useTableUrl,
  type Column,
} from '~/components';
import { useFormat, type Format } from '~/format';
import { IconImport } from '~/icons';
import { CreatedBy, hasEnded, jobsQuery, PART, useJobTitle, type Job, type JobFilter } from '~/jobs';
import { JobActions } from './JobActions';

const FILTERS = ['kind', 'job_state'] as const;
const KINDS: readonly Schemas['JobKind'][] = ['import', 'bulk'];
const STATES: readonly Schemas['JobState'][] = [
  'waiting',
  'running',
  'cancelling',
  'finished',
  'cancelled',
  'failed',
];

export function JobList() {
  const { t } = useTranslation(['jobs', 'terms']);
  const url = useTableUrl({ filters: FILTERS, defaultSort: '-id' });
  const filter = useMemo(() => filterOf(url.filters), [url.filters]);
  const cursor = useCursor<string>(JSON.stringify(filter));
  const jobs = useQuery(jobsQuery(filter, cursor.at));
  return (
    <DataTable<Job>
      name="jobs"
      label={t('tab.jobs')}
      columns={useColumns()}
      rows={jobs.data?.items}
      rowId={({ id }) => id}
      rowName={({ id }) => id}
      reading={jobs}
      toolbar={
        <FilterBar
          filters={[
            {
              name: 'kind',
              label: t('filter.kind'),
              options: KINDS.map((kind) => ({ value: kind, label: t(`kind.${kind}`) })),
            },
            {
              name: 'job_state',
              label: t('filter.state'),
              multiple: true,
              options: STATES.map((state) => ({ value: state, label: t(`terms:jobState.${state}`) })),
            },
          ]}
          values={url.filters}
          onChange={(name, value) => url.set({ [name as 'kind']: value })}
          onClear={url.clear}
          active={url.active}
        />
      }
      footer={
        <CursorPager
          cursor={cursor}
          next={jobs.data?.next}
          size={PART}
          shown={jobs.data?.items.length ?? 0}
        />
      }
      empty={<Nothing filtered={url.active > 0} onClear={url.clear} />}
    />
  );
}

function filterOf(filters: Readonly<Partial<Record<(typeof FILTERS)[number], string>>>): JobFilter {
  return {
    ...(filters.kind === undefined ? {} : { kind: filters.kind.split(',') as Schemas['JobKind'][] }),
    ...(filters.job_state === undefined
      ? {}
      : { state: filters.job_state.split(',') as Schemas['JobState'][] }),
  };
}

function useColumns(): readonly Column<Job>[] {
  const { t } = useTranslation('jobs');
  const title = useJobTitle();
  const format = useFormat();
  return useMemo(() => columns(t, title, format), [t, title, format]);
}

function columns(
  t: TFunction<'jobs'>,
  title: ReturnType<typeof useJobTitle>,
  format: Format,
): readonly Column<Job>[] {
  return [
    {
      key: 'action',
      title: t('column.action'),
      fixed: true,
      width: 190,
      render: (job) => (
        <>
          <RowLink to={`/jobs/${job.id}`}>{title(job)}</RowLink>
          {job.retry_of == null ? null : (
            <Text size="xs" c="dimmed">
              {t('retryOf')}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'progress',
      title: t('column.progress'),
      width: 280,
      render: (job) => <JobProgress job={job} label={title(job)} />,
    },
    {
      key: 'remaining',
      title: t('column.remaining'),
      numeric: true,
      render: ({ remaining_seconds: left }) => (left == null ? '' : format.duration(left)),
    },
    { key: 'created_by', title: t('column.created_by'), render: (job) => <CreatedBy job={job} /> },
    {
      key: 'created_at',
      title: t('column.created_at'),
      numeric: true,
      render: ({ created_at }) => <RelativeTime at={created_at} />,
    },
    {
      key: 'took',
      title: t('column.took'),
      numeric: true,
      render: (job) => <>{took(job, format)}</>,
    },
    {
      key: 'actions',
      title: '',
      fixed: true,
      numeric: true,
      render: (job) => <JobActions job={job} compact />,
    },
  ];
}

function took(job: Job, format: Format): string {
  if (!hasEnded(job) || job.started_at == null || job.finished_at == null) return '';
  return format.duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000);
}

function Nothing({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  const { t } = useTranslation(['jobs', 'common']);
  return filtered ? (
    <EmptyState
      kind="noMatch"
      actions={
        <Button variant="default" onClick={onClear}>
          {t('common:filter.clear')}
        </Button>
      }
    />
  ) : (
    <EmptyState
      kind="nothing"
      title={t('empty.title')}
      text={t('empty.text')}
      actions={
        <Button component={Link} to="/import" variant="default" leftSection={<IconImport size={16} />}>
          {t('empty.import')}
        </Button>
      }
    />
  );
}
