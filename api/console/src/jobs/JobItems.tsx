import { Chip, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import {
  CursorPager,
  DataTable,
  EmptyState,
  Pill,
  RowLink,
  useCodeText,
  useCursor,
  useServerText,
  type Column,
} from '~/components';
import { useFormat } from '~/format';
import { ITEM_STATES, OUTCOMES } from '~/theme/states';
import { itemsQuery, PART, type ItemState, type Job, type JobItem } from './query';

const STATES: readonly ItemState[] = ['failed', 'done', 'skipped', 'running', 'waiting', 'cancelled'];

interface Props {
  job: Job;
  /** What is looked at first. */
  initial?: readonly ItemState[];
}

/** What became of each item of a job, by state. */
export function JobItems({ job, initial = [] }: Props) {
  const { t } = useTranslation(['jobs', 'terms']);
  const format = useFormat();
  const [states, setStates] = useState<readonly ItemState[]>(initial);
  const cursor = useCursor<number>(JSON.stringify([job.id, states]));
  const items = useQuery(itemsQuery(job.id, states, cursor.at));
  // States that nothing is in would only be in the way; what is chosen can be taken away.
  const offered = STATES.filter((state) => job.counts[state] > 0 || states.includes(state));
  return (
    <DataTable<JobItem>
      name={`items-${job.kind}`}
      label={t('items.title')}
      columns={useColumns(job.kind)}
      rows={items.data?.items}
      rowId={(row) => String(row.position)}
      rowName={(row) => row.label ?? String(row.position)}
      reading={items}
      toolbar={
        <Chip.Group multiple value={[...states]} onChange={(values) => setStates(values)}>
          <Group gap={6} role="group" aria-label={t('items.filter')}>
            {offered.map((state) => (
              <Chip key={state} value={state} size="xs" variant="outline">
                {t(`terms:itemState.${state}`)} {format.number(job.counts[state])}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      }
      footer={
        <CursorPager
          cursor={cursor}
          next={items.data?.next}
          size={PART}
          shown={items.data?.items.length ?? 0}
        />
      }
      empty={<EmptyState kind={states.length > 0 ? 'noMatch' : 'nothing'} title={t('items.none')} />}
    />
  );
}

function useColumns(kind: Job['kind']): readonly Column<JobItem>[] {
  const { t } = useTranslation(['jobs', 'terms']);
  return useMemo(() => columns(t, kind), [t, kind]);
}

function columns(t: TFunction<['jobs', 'terms']>, kind: Job['kind']): readonly Column<JobItem>[] {
  const imported = kind === 'import';
  return [
    {
      key: imported ? 'line' : 'position',
      title: t(imported ? 'items.line' : 'items.position'),
      numeric: true,
      width: 80,
      fixed: true,
      render: (row) => (imported ? (row.line ?? '') : row.position),
    },
    ...(imported
      ? [
          {
            key: 'source',
            title: t('items.source'),
            width: 180,
            ellipsis: true,
            render: (row: JobItem) => row.source ?? '',
          },
        ]
      : []),
    {
      key: 'label',
      title: t('items.credential'),
      width: 200,
      ellipsis: true,
      render: (row) => <Credential row={row} />,
    },
    {
      key: 'state',
      title: t('items.state'),
      width: 110,
      render: ({ state }) => <Pill look={ITEM_STATES[state]}>{t(`terms:itemState.${state}`)}</Pill>,
    },
    { key: 'code', title: t('items.result'), render: (row) => <Result row={row} /> },
  ];
}

function Credential({ row }: { row: JobItem }) {
  if (row.credential_id == null) return row.label ?? '';
  return <RowLink to={`/credentials/${row.credential_id}`}>{row.label ?? row.credential_id}</RowLink>;
}

/** The meaning in words, the code for those who look it up, and what the server adds. */
function Result({ row: { code, detail } }: { row: JobItem }) {
  const text = useCodeText();
  const serverText = useServerText();
  const said = detail == null ? null : serverText(detail);
  if (code == null) return said ?? '';
  const meaning = text(code);
  // Where the outcome is all that is known, the server says it once more in a sentence.
  const more = code in OUTCOMES ? null : said;
  return (
    <Text size="sm" style={{ whiteSpace: 'normal', minWidth: '16rem' }} component="div">
      {meaning ?? said ?? ''}{' '}
      <Text span ff="monospace" size="xs" c="dimmed">
        {code}
      </Text>
      {meaning !== null && more !== null ? (
        <Text size="xs" c="dimmed" component="div">
          {more}
        </Text>
      ) : null}
    </Text>
  );
}
