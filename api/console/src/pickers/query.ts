import { queryOptions } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { keys } from '~/query';

/** Most entries that a list to choose from reads; whoever has more names the rest by typing. */
const MOST_PAGES = 10;
const PAGE_SIZE = 100;

/** All pages of a list, one after another. */
async function all<T>(read: (page: number) => Promise<{ items: T[]; total: number }>): Promise<T[]> {
  const found: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const { items, total } = await read(page);
    found.push(...items);
    if (found.length >= total || items.length === 0) break;
  }
  return found;
}

export const proxiesQuery = queryOptions({
  queryKey: keys.proxies('to-choose'),
  queryFn: ({ signal }): Promise<Schemas['Proxy'][]> =>
    all((page) =>
      unwrap(api.GET('/api/v1/proxies', { params: { query: { page, page_size: PAGE_SIZE } }, signal })),
    ),
  staleTime: 60_000,
});

export const clientIdsQuery = queryOptions({
  queryKey: keys.clientIds('to-choose'),
  queryFn: ({ signal }): Promise<Schemas['ClientId'][]> =>
    all((page) =>
      unwrap(api.GET('/api/v1/client-ids', { params: { query: { page, page_size: PAGE_SIZE } }, signal })),
    ),
  staleTime: 60_000,
});
