import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { CursorPager, DataTable, EmptyState, RelativeTime, useCursor, type Column } from '~/components';
import { useFormat, type Format } from '~/format';
import { handoutsQuery, keyNamesQuery, PART } from './query';

type HandOut = Schemas['HandOut'];

/** Who was given its tokens, and how often. */
export function Handouts({ id }: { id: string }) {
  const { t } = useTranslation('credential');
  const cursor = useCursor<string>(id);
  const handouts = useQuery(handoutsQuery(id, cursor.at));
  return (
    <DataTable<HandOut>
      name="handouts"
      label={t('handouts.title')}
      columns={useColumns()}
      rows={handouts.data?.items}
      rowId={({ key_id, kind }) => `${key_id} ${kind}`}
      rowName={({ key_id }) => key_id}
      reading={handouts}
      minHeight={160}
      toolbar={<strong>{t('handouts.title')}</strong>}
      footer={
        <CursorPager
          cursor={cursor}
          next={handouts.data?.next}
          size={PART}
          shown={handouts.data?.items.length ?? 0}
        />
      }
      empty={<EmptyState kind="nothing" title={t('handouts.none')} text={t('handouts.noneHelp')} />}
    />
  );
}

function useColumns(): readonly Column<HandOut>[] {
  const { t } = useTranslation('credential');
  const format = useFormat();
  const names = useQuery(keyNamesQuery).data;
  return useMemo(() => columns(t, format, names), [t, format, names]);
}

function columns(
  t: TFunction<'credential'>,
  format: Format,
  names: Readonly<Partial<Record<string, string>>> | undefined,
): readonly Column<HandOut>[] {
  return [
    {
      key: 'key',
      title: t('handouts.key'),
      fixed: true,
      render: ({ key_id }) =>
        key_id === 'configured' ? t('handouts.configured') : (names?.[key_id] ?? key_id),
    },
    { key: 'kind', title: t('handouts.kind'), render: ({ kind }) => kind.toUpperCase() },
    {
      key: 'count',
      title: t('handouts.count'),
      numeric: true,
      render: ({ count }) => format.number(count),
    },
    {
      key: 'last_at',
      title: t('handouts.last'),
      numeric: true,
      render: ({ last_at }) => <RelativeTime at={last_at} />,
    },
    {
      key: 'first_at',
      title: t('handouts.first'),
      numeric: true,
      render: ({ first_at }) => <RelativeTime at={first_at} />,
    },
  ];
}
