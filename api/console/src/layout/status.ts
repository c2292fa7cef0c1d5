import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, unwrap } from '~/api';
import { keys } from '~/query';

/** What an operator has to know of; also for pages. */
export const statusQuery = queryOptions({
  queryKey: keys.status,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/status', { signal })),
});

/** What the installation stands on; also for pages. */
export const systemQuery = queryOptions({
  queryKey: keys.system,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/system', { signal })),
  // It changes with a restart, or where somebody says that the key is backed up.
  staleTime: 10 * 60_000,
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
