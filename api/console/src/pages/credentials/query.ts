import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import type { TableUrl } from '~/components';
import { keys } from '~/query';
import type { paths } from '~/api/schema';

export type Credential = Schemas['CredentialView'];
export type ListQuery = NonNullable<paths['/api/v1/credentials']['get']['parameters']['query']>;
/** The part of it that says which credentials; the same goes to facets and to bulk actions. */
export type CredentialFilter = Omit<ListQuery, 'page' | 'page_size' | 'after' | 'sort'>;

/** The filters, as they stand in the address. */
export const FILTERS = [
  'state',
  'tag',
  'plan',
  'enabled',
  'client_id',
  'proxy',
  'expiry',
  'deleted',
] as const;
export type FilterName = (typeof FILTERS)[number];

export const EXPIRIES = ['expired', '1h', '24h', '7d', 'none'] as const;
type Expiry = (typeof EXPIRIES)[number];

const HOUR_MS = 3_600_000;
const WITHIN: Record<Exclude<Expiry, 'none' | 'expired'>, number> = { '1h': 1, '24h': 24, '7d': 7 * 24 };

/**
 * `within an hour` as times of the API. Rounded to the minute, so that the same filter is the same question for a
 * while and not a new one with every drawing.
 */
function expiry(value: string | undefined, nowMs: number): CredentialFilter {
  const minute = Math.floor(nowMs / 60_000) * 60_000;
  const at = (ms: number) => new Date(ms).toISOString();
  switch (value as Expiry | undefined) {
    case 'expired':
      return { expires_before: at(minute) };
    case '1h':
    case '24h':
    case '7d':
      return {
        expires_after: at(minute),
        expires_before: at(minute + WITHIN[value as keyof typeof WITHIN] * HOUR_MS),
      };
    case 'none':
      return { has_access_token: false };
    default:
      return {};
  }
}

export function filterOf(
  { search, filters }: Pick<TableUrl<FilterName>, 'search' | 'filters'>,
  nowMs: number,
): CredentialFilter {
  const { enabled, deleted, expiry: end, ...texts } = filters;
  return {
    ...texts,
    ...(search === '' ? {} : { search }),
    ...(enabled === undefined ? {} : { enabled: enabled === 'true' }),
    ...(deleted === 'true' ? { deleted: true } : {}),
    ...expiry(end, nowMs),
  };
}

export function listQuery(
  filter: CredentialFilter,
  { page, pageSize, sort }: Pick<TableUrl<FilterName>, 'page' | 'pageSize' | 'sort'>,
  /** Where an answer ended, instead of the page. */
  after: string | undefined,
) {
  const place = after === undefined ? { page } : { after };
  const query: ListQuery = { ...filter, ...place, page_size: pageSize, sort };
  return queryOptions({
    queryKey: keys.credentials(query),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/credentials', { params: { query }, signal })),
    // The old page stays until the new one is there: nothing jumps.
    placeholderData: keepPreviousData,
  });
}

export function facetsQuery(filter: CredentialFilter) {
  return queryOptions({
    queryKey: keys.facets(filter),
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/credentials/facets', { params: { query: filter }, signal })),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}
