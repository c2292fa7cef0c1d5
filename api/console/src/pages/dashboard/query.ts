import { queryOptions } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { keys } from '~/query';

export type Stats = Schemas['Stats'];
export type Hour = Schemas['HourOfRefreshes'];

/** What the page looks back at. */
export const HOURS = 24;

export const statsQuery = queryOptions({
  queryKey: keys.stats(HOURS),
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/stats', { params: { query: { hours: HOURS } }, signal })),
});

/** What people did before the page was opened; what happens since then comes as events. Read once. */
export const deedsQuery = queryOptions({
  queryKey: [...keys.audit({ limit: 10 }), 'dashboard'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/audit', { params: { query: { limit: 10 } }, signal })),
  staleTime: Infinity,
});
