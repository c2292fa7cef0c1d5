import { Text } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import {
  ExpiryCountdown,
  MaskedSecret,
  RelativeTime,
  RowLink,
  StateBadge,
  Tag,
  type Column,
} from '~/components';
import { useTexts } from '~/i18n/texts';
import { RowActions } from './RowActions';
import type { Credential } from './query';

/** The columns of the list; the keys are those that the server sorts by. All but the menu only show the row. */
export function useCredentialColumns(deleted: boolean): readonly Column<Credential>[] {
  const { t } = useTranslation(['credentials', 'terms']);
  return useMemo(
    () => columns(t, deleted).map((column) => ({ stateless: column.key !== 'actions', ...column })),
    [t, deleted],
  );
}

function columns(t: TFunction<['credentials', 'terms']>, deleted: boolean): readonly Column<Credential>[] {
  const sortable = !deleted;
  const text = (
    key: 'email' | 'name' | 'plan' | 'tag' | 'client_id',
    hidden = false,
  ): Column<Credential> => ({
    key,
    title: t(`column.${key}`),
    sortable,
    hidden,
    ellipsis: true,
    render: (row) => row[key] ?? '',
  });
  return [
    {
      key: 'biz_id',
      title: t('column.biz_id'),
      sortable,
      fixed: true,
      render: (row) => <Name row={row} />,
    },
    {
      key: 'state',
      title: t('column.state'),
      sortable,
      render: ({ state, enabled, state_reason }) => (
        <StateBadge state={state} enabled={enabled} reason={state_reason} />
      ),
    },
    { ...text('email'), width: 220 },
    text('name', true),
    { ...text('plan'), width: 90 },
    {
      key: 'tag',
      title: t('column.tag'),
      sortable,
      // A tag yields to everything else: without a width nothing of it is left.
      width: 140,
      render: ({ tag }) => (tag === '' ? '' : <Tag>{tag}</Tag>),
    },
    {
      key: 'at_expires_at',
      title: t('column.at_expires_at'),
      sortable,
      numeric: true,
      render: ({ access_token: { expires_at } }) => (
        <ExpiryCountdown at={expires_at} none={t('noAccessToken')} />
      ),
    },
    {
      key: 'next_refresh_at',
      title: t('column.next_refresh_at'),
      sortable,
      numeric: true,
      render: (row) => <NextRefresh row={row} />,
    },
    {
      key: 'refreshed_at',
      title: t('column.refreshed_at'),
      sortable,
      numeric: true,
      render: ({ refreshed_at }) => <RelativeTime at={refreshed_at} />,
    },
    {
      key: 'failures',
      title: t('column.failures'),
      sortable,
      numeric: true,
      hidden: true,
      render: ({ failures }) => failures,
    },
    {
      key: 'last_code',
      title: t('column.last_code'),
      hidden: true,
      render: ({ last_code }) =>
        last_code ? (
          <Text span ff="monospace" size="xs">
            {last_code}
          </Text>
        ) : (
          ''
        ),
    },
    { ...text('client_id', true), width: 200 },
    {
      key: 'proxy',
      title: t('column.proxy'),
      sortable,
      hidden: true,
      ellipsis: true,
      width: 200,
      render: ({ proxy }) => proxy ?? t('proxyDefault'),
    },
    {
      key: 'refresh_token',
      title: t('column.refresh_token'),
      hidden: true,
      render: ({ refresh_token_fingerprint }) => (
        <MaskedSecret what={t('terms:secret.refresh_token')} hint={refresh_token_fingerprint} />
      ),
    },
    {
      key: 'memo',
      title: t('column.memo'),
      hidden: true,
      ellipsis: true,
      width: 220,
      render: ({ memo }) => memo,
    },
    {
      key: 'created_at',
      title: t('column.created_at'),
      sortable,
      numeric: true,
      hidden: true,
      render: ({ created_at }) => <RelativeTime at={created_at} />,
    },
    {
      key: 'updated_at',
      title: t('column.updated_at'),
      sortable,
      numeric: true,
      hidden: true,
      render: ({ updated_at }) => <RelativeTime at={updated_at} />,
    },
    ...(deleted
      ? [
          {
            key: 'deleted_at',
            title: t('column.deleted_at'),
            numeric: true,
            render: ({ deleted_at }: Credential) => <RelativeTime at={deleted_at} />,
          },
        ]
      : []),
    { key: 'actions', title: '', fixed: true, width: 52, render: (row) => <RowActions credential={row} /> },
  ];
}

function Name({ row }: { row: Credential }) {
  return row.deleted_at == null ? (
    <RowLink to={`/credentials/${row.id}`}>{row.biz_id}</RowLink>
  ) : (
    <Text span fw={600} size="sm">
      {row.biz_id}
    </Text>
  );
}

/** When, or why there is no when. */
function NextRefresh({ row }: { row: Credential }) {
  const { t } = useTexts();
  if (row.next_refresh_at != null && row.deleted_at == null) return <RelativeTime at={row.next_refresh_at} />;
  return (
    <Text span size="sm" c="dimmed">
      {t(`terms:because.${row.next_refresh_because}`)}
    </Text>
  );
}
