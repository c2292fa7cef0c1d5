import { Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import {
  CopyButton,
  CursorPager,
  DataTable,
  EmptyState,
  Pill,
  RelativeTime,
  useCodeText,
  useCursor,
  useServerText,
  type Column,
} from '~/components';
import { useFormat, type Format } from '~/format';
import { ATTEMPT_STATES, OUTCOMES } from '~/theme/states';
import { attemptsQuery, PART, type Attempt } from './query';

/** What was tried, the newest first. */
export function Attempts({ id }: { id: string }) {
  const { t } = useTranslation('credential');
  const cursor = useCursor<string>(id);
  const attempts = useQuery(attemptsQuery(id, cursor.at));
  return (
    <DataTable<Attempt>
      name="attempts"
      label={t('attempts.title')}
      columns={useColumns()}
      rows={attempts.data?.items}
      rowId={(row) => row.id}
      rowName={(row) => row.id}
      reading={attempts}
      minHeight={160}
      toolbar={<strong>{t('attempts.title')}</strong>}
      footer={
        <CursorPager
          cursor={cursor}
          next={attempts.data?.next}
          size={PART}
          shown={attempts.data?.items.length ?? 0}
        />
      }
      empty={<EmptyState kind="nothing" title={t('attempts.none')} text={t('attempts.noneHelp')} />}
    />
  );
}

function useColumns(): readonly Column<Attempt>[] {
  const { t } = useTranslation(['credential', 'terms']);
  const format = useFormat();
  return useMemo(() => columns(t, format), [t, format]);
}

function columns(t: TFunction<['credential', 'terms']>, format: Format): readonly Column<Attempt>[] {
  const id = (value: string | null | undefined) => (value == null ? '' : <Id value={value} />);
  return [
    {
      key: 'requested_at',
      title: t('attempts.when'),
      numeric: true,
      fixed: true,
      width: 110,
      render: ({ requested_at }) => <RelativeTime at={requested_at} />,
    },
    {
      key: 'outcome',
      title: t('attempts.outcome'),
      fixed: true,
      width: 150,
      render: (row) => <Outcome row={row} />,
    },
    { key: 'code', title: t('attempts.code'), width: 330, render: (row) => <Why row={row} /> },
    { key: 'cause', title: t('attempts.cause'), render: ({ cause }) => t(`terms:cause.${cause}`) },
    {
      key: 'duration_ms',
      title: t('attempts.duration'),
      numeric: true,
      render: ({ duration_ms: took }) => (took == null ? '' : format.milliseconds(took)),
    },
    {
      key: 'http_status',
      title: 'HTTP',
      numeric: true,
      render: ({ http_status }) => http_status ?? '',
    },
    { key: 'request_id', title: t('attempts.request_id'), render: ({ request_id }) => id(request_id) },
    { key: 'id', title: t('attempts.id'), hidden: true, render: (row) => id(row.id) },
    {
      key: 'fingerprint',
      title: t('attempts.fingerprint'),
      hidden: true,
      render: (row) => (
        <Text span size="xs" ff="monospace">
          {row.refresh_token_fingerprint}
        </Text>
      ),
    },
    { key: 'lane', title: t('attempts.lane'), hidden: true, render: ({ lane }) => t(`terms:lane.${lane}`) },
    { key: 'worker', title: t('attempts.worker'), hidden: true, render: ({ worker }) => id(worker) },
    {
      key: 'finished_at',
      title: t('attempts.finished_at'),
      numeric: true,
      hidden: true,
      render: ({ finished_at }) => <RelativeTime at={finished_at} />,
    },
  ];
}

function Id({ value }: { value: string }) {
  return (
    <Group gap={2} wrap="nowrap">
      <Text span size="xs" ff="monospace">
        {value}
      </Text>
      <CopyButton value={value} />
    </Group>
  );
}

function Outcome({ row: { outcome, state, probe } }: { row: Attempt }) {
  const { t } = useTranslation(['credential', 'terms']);
  return (
    <Group gap={6} wrap="nowrap">
      {outcome == null ? (
        <Pill look={ATTEMPT_STATES[state]}>{t(`terms:attemptState.${state}`)}</Pill>
      ) : (
        <Pill look={OUTCOMES[outcome]}>{t(`terms:outcome.${outcome}`)}</Pill>
      )}
      {probe ? (
        <Text span size="xs" c="dimmed">
          {t('terms:because.probe')}
        </Text>
      ) : null}
    </Group>
  );
}

/** The code with its meaning, and what was unusual about the way of the answer. */
function Why({ row: { code, detail, replayed, late } }: { row: Attempt }) {
  const { t } = useTranslation('credential');
  const text = useCodeText();
  const serverText = useServerText();
  const notes = [
    code == null ? null : text(code),
    replayed ? t('attempts.replayed') : null,
    late ? t('attempts.late') : null,
  ].filter((note) => note !== null);
  if (code == null && detail == null && notes.length === 0) return '';
  return (
    <Text size="sm" component="div" style={{ whiteSpace: 'normal', minWidth: '14rem' }}>
      {notes.join(' ')}{' '}
      {code == null ? null : (
        <Text span size="xs" c="dimmed" ff="monospace">
          {code}
        </Text>
      )}
      {detail == null ? null : (
        <Text size="xs" c="dimmed" component="div">
          {serverText(detail)}
        </Text>
      )}
    </Text>
  );
}
