import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { keys } from '~/query';

export type Setting = Schemas['Setting'];
export type SettingsDocument = Schemas['DocumentView'];
export type SettingsVersion = Schemas['SettingsVersion'];
export type Proxy = Schemas['Proxy'];
export type ClientId = Schemas['ClientId'];

export const settingsQuery = queryOptions({
  queryKey: keys.settings,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/settings', { signal })),
});

/** Versions that are read at once. */
const VERSIONS = 20;

export const historyQuery = infiniteQueryOptions({
  queryKey: keys.settingsHistory,
  queryFn: ({ pageParam, signal }) =>
    unwrap(
      api.GET('/api/v1/settings/history', {
        params: { query: { limit: VERSIONS, ...(pageParam === null ? {} : { before: pageParam }) } },
        signal,
      }),
    ),
  initialPageParam: null as number | null,
  getNextPageParam: ({ next }) => next ?? null,
});

interface Page {
  page: number;
  pageSize: number;
}

/** The server lists so many of these at once. */
const MOST = 100;

const page = (query: Page) => ({ page: query.page, page_size: Math.min(query.pageSize, MOST) });

export function proxiesQuery(wanted: Page) {
  const query = page(wanted);
  return queryOptions({
    queryKey: keys.proxies(query),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/proxies', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function clientIdsQuery(wanted: Page) {
  const query = page(wanted);
  return queryOptions({
    queryKey: keys.clientIds(query),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/client-ids', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}
