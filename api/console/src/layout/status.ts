import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, unwrap } from '~/api';
import { keys } from '~/query';

/** What an operator has to know of; also for pages. */
export const statusQuery = queryOptions({
  queryKey: keys.status,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/status', { signal })),
});

/** Whether the API's secret is still the published one. */
export const apiSecretQuery = queryOptions({
  queryKey: [...keys.apiKeys(), 'configured'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/keys', { params: { query: { limit: 1 } }, signal })),
  select: ({ configured }) => configured.placeholder,
  // Only a restart changes it.
  staleTime: 10 * 60_000,
});

export function useStatus() {
  return useQuery(statusQuery);
}
