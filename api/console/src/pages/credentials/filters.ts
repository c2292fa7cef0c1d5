import type { TFunction } from 'i18next';
import { useQuery } from '@tanstack/react-query';
import { createElement, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { StateBadge, type Filter, type FilterOption } from '~/components';
import { useFormat, type Format } from '~/format';
import { proxiesQuery } from '~/pickers';
import { EXPIRIES } from './query';
import type { Counted } from './useFacets';

type T = TFunction<['credentials', 'terms']>;
type Facets = Schemas['FacetsView'];
/** The shares that the values of a filter have. */
type FacetsOf = (name: Counted) => Facets | undefined;

const STATES: readonly Schemas['StateName'][] = ['idle', 'queued', 'refreshing', 'in_doubt', 'held', 'dead'];

/** The filters of the list, with how many each value has among what the others leave. */
export function useCredentialFilters(facets: FacetsOf): readonly Filter[] {
  const { t } = useTranslation(['credentials', 'terms']);
  const format = useFormat();
  const proxies = useQuery(proxiesQuery).data;
  return useMemo(() => filters(t, format, facets, proxies), [t, format, facets, proxies]);
}

function filters(
  t: T,
  format: Format,
  facets: FacetsOf,
  proxies: readonly Schemas['Proxy'][] = [],
): readonly Filter[] {
  // Beyond 10,000 the counts are those of a part, and would be taken for all.
  const count = (name: Counted, value: number) => (facets(name)?.more ? undefined : format.number(value));
  const options = (
    name: Counted,
    shares: readonly { value?: string | null; count: number }[] | undefined,
  ): FilterOption[] =>
    (shares ?? []).map(({ value, count: many }) => ({
      value: value ?? '',
      label: value ?? '',
      count: count(name, many),
    }));
  return [
    {
      name: 'state',
      label: t('filter.state'),
      multiple: true,
      options: STATES.map((state) => {
        const share = facets('state')?.states.find(({ value }) => value === state);
        return {
          value: state,
          label: t(`terms:state.${state}`),
          show: createElement(StateBadge, { state }),
          count: share && format.count(share),
        };
      }),
    },
    {
      name: 'enabled',
      label: t('filter.enabled'),
      options: [true, false].map((value) => ({
        value: String(value),
        label: t(`enabled.${value ? 'true' : 'false'}`),
        count: count(
          'enabled',
          facets('enabled')?.enabled.find((share) => share.value === value)?.count ?? 0,
        ),
      })),
    },
    {
      name: 'tag',
      label: t('filter.tag'),
      multiple: true,
      options: orNone(t('filter.noTag'), options('tag', facets('tag')?.tags)),
    },
    {
      name: 'plan',
      label: t('filter.plan'),
      multiple: true,
      options: orNone(t('filter.noPlan'), options('plan', facets('plan')?.plans)),
    },
    {
      name: 'expiry',
      label: t('filter.expiry'),
      options: EXPIRIES.map((value) => ({ value, label: t(`expiry.${value}`) })),
    },
    {
      name: 'client_id',
      label: t('filter.client_id'),
      multiple: true,
      options: options('client_id', facets('client_id')?.client_ids),
    },
    {
      name: 'proxy',
      label: t('filter.proxy'),
      multiple: true,
      options: [
        { value: 'default', label: t('proxyDefault') },
        // Those that credentials bring themselves have no names; they are found from the egresses.
        ...proxies.map(({ egress, name }) => ({ value: egress, label: name })),
      ],
    },
  ];
}

/** Those that have none are the first that can be chosen, also while there are none. */
function orNone(label: string, options: readonly FilterOption[]): FilterOption[] {
  const none = options.find(({ value }) => value === '');
  return [{ ...none, value: '', label }, ...options.filter(({ value }) => value !== '')];
}
