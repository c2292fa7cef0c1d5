import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { keys } from '~/query';

export type Key = Schemas['Key'];
export type Scope = Schemas['Scope'];
export type ReachKind = Schemas['ReachKind'];

/** Scopes in the order of how much they open. A new one of the API fails the compiler here. */
const ORDER: Record<Scope, number> = { get_at: 1, refresh: 2, read_rt: 3, view: 4, manage: 5 };
export const SCOPES = (Object.keys(ORDER) as Scope[]).sort((one, other) => ORDER[one] - ORDER[other]);
export const REACH_KINDS = ['all', 'tags', 'biz_ids'] as const satisfies readonly ReachKind[];

/** How many entries a part of a list has. */
export const AT_ONCE = 50;

export function keysQuery(revoked: boolean) {
  return infiniteQueryOptions({
    queryKey: keys.apiKeys({ revoked }),
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/keys', {
          params: {
            query: { revoked, limit: AT_ONCE, ...(pageParam === null ? {} : { before: pageParam }) },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next ?? null,
    placeholderData: keepPreviousData,
  });
}

/** `configured` is the configured `api_secret`. */
export function handoutsQuery(id: string, after: string | undefined) {
  const query = { limit: AT_ONCE, ...(after === undefined ? {} : { after }) };
  return queryOptions({
    queryKey: [...keys.apiKeys(), id, 'handouts', query],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/keys/{id}/handouts', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
    // No event tells of them: each opening of the dialog asks.
    staleTime: 0,
  });
}

/** The tags that there are, as suggestions. */
export const tagsQuery = queryOptions({
  queryKey: keys.facets({}),
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/credentials/facets', { signal })),
  select: ({ tags }) => tags.flatMap(({ value }) => (value === '' ? [] : [value])),
  staleTime: 30_000,
});
