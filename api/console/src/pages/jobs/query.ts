import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { PART } from '~/jobs';
import { keys } from '~/query';

export type Worker = Schemas['Worker'];
export type Egress = Schemas['Egress'];
export type OpenAttempt = Schemas['OpenAttempt'];

export const queueQuery = queryOptions({
  queryKey: keys.queue,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/queue', { signal })),
});

/** How often a worker says that it lives, and how many calls it has under way: no event tells of that. */
const HEARTBEAT_MS = 5_000;

export const workersQuery = queryOptions({
  queryKey: keys.workers,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/workers', { signal })),
  refetchInterval: HEARTBEAT_MS,
});

export const egressesQuery = queryOptions({
  queryKey: keys.egresses,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/egresses', { signal })),
});

export function openAttemptsQuery(before: string | undefined) {
  const query = { limit: PART, ...(before === undefined ? {} : { before }) };
  return queryOptions({
    queryKey: [...keys.openAttempts, query],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/attempts/open', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}
