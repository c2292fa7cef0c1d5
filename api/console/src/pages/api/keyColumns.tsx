import { Badge, Group, Text, Tooltip } from '@mantine/core';
import type { TFunction } from 'i18next';
import { useMemo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ExpiryCountdown, Pill, RelativeTime, type Column } from '~/components';
import { useFormat, type Format } from '~/format';
import { KEY_STATES } from '~/theme/states';
import type { Key } from './query';

/** A key that ends within a week wants somebody to make the next one. */
const SOON_SECONDS = 7 * 86_400;

export function useKeyColumns(revoked: boolean, actions: (key: Key) => ReactNode): readonly Column<Key>[] {
  const { t } = useTranslation(['api', 'terms', 'common']);
  const format = useFormat();
  return useMemo(() => columns(t, format, revoked, actions), [t, format, revoked, actions]);
}

/** What a key reaches: in a few words, and all of it on hover. */
function ReachText({ reach: { kind, values = [] } }: Pick<Key, 'reach'>) {
  const { t } = useTranslation('api');
  if (kind === 'all') return <span>{t('keys.reachAll')}</span>;
  const names = values.slice(0, 20).join(', ') + (values.length > 20 ? ' …' : '');
  return (
    <Tooltip label={names}>
      {/* The keyboard gets the list as well. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <span tabIndex={0}>
        {t(kind === 'tags' ? 'keys.reachTags' : 'keys.reachBizIds', { count: values.length })}
      </span>
    </Tooltip>
  );
}

function columns(
  t: TFunction<['api', 'terms', 'common']>,
  format: Format,
  revoked: boolean,
  actions: (key: Key) => ReactNode,
): readonly Column<Key>[] {
  return [
    { key: 'name', title: t('keys.name'), fixed: true, render: ({ name }) => <strong>{name}</strong> },
    {
      key: 'status',
      title: t('keys.status'),
      render: ({ status }) => <Pill look={KEY_STATES[status]}>{t(`terms:keyStatus.${status}`)}</Pill>,
    },
    {
      key: 'prefix',
      title: t('keys.prefix'),
      render: ({ prefix }) => (
        <Text span ff="monospace" size="sm">
          {prefix}…
        </Text>
      ),
    },
    {
      key: 'scopes',
      title: t('keys.scopes'),
      render: ({ scopes }) => (
        <Group gap={4} wrap="nowrap" miw="max-content">
          {scopes.map((scope) => (
            <Tooltip key={scope} label={t(`keys.scopeHelp.${scope}`)}>
              <Badge variant="default" tabIndex={0}>
                {t(`keys.scope.${scope}`)}
              </Badge>
            </Tooltip>
          ))}
        </Group>
      ),
    },
    { key: 'reach', title: t('keys.reach'), render: ({ reach }) => <ReachText reach={reach} /> },
    ...(revoked
      ? [
          {
            key: 'revoked_at',
            title: t('keys.revokedAt'),
            numeric: true,
            render: ({ revoked_at }: Key) => <RelativeTime at={revoked_at} />,
          },
        ]
      : [
          {
            key: 'expires_at',
            title: t('keys.expires'),
            numeric: true,
            render: ({ expires_at }: Key) => (
              <ExpiryCountdown at={expires_at} none={t('keys.never')} soonSeconds={SOON_SECONDS} />
            ),
          },
        ]),
    {
      key: 'last_used_at',
      title: t('keys.lastUse'),
      numeric: true,
      render: ({ last_used_at }) => <RelativeTime at={last_used_at} none={t('keys.unused')} />,
    },
    {
      key: 'rate',
      title: t('keys.rate'),
      numeric: true,
      render: ({ rate_limit_per_minute: rate }) =>
        rate == null ? t('keys.noRate') : t('keys.rateValue', { n: format.number(rate) }),
    },
    { key: 'created_by', title: t('keys.createdBy'), hidden: true, render: ({ created_by }) => created_by },
    {
      key: 'created_at',
      title: t('keys.created'),
      numeric: true,
      hidden: true,
      render: ({ created_at }) => <RelativeTime at={created_at} />,
    },
    { key: 'actions', title: '', fixed: true, width: 52, render: actions },
  ];
}
