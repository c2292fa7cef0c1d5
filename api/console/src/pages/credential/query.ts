import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { keys } from '~/query';

export type Credential = Schemas['CredentialDetail'];
export type Attempt = Schemas['Attempt'];
export type Secret = Schemas['What'];

/** How many entries a part of a list has. */
export const PART = 50;

export function credentialQuery(id: string) {
  return queryOptions({
    queryKey: keys.credential(id),
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/credentials/{id}', { params: { path: { id }, query: { claims: true } }, signal }),
      ),
  });
}

export function attemptsQuery(id: string, before: string | undefined) {
  const query = { limit: PART, ...(before === undefined ? {} : { before }) };
  return queryOptions({
    queryKey: [...keys.attempts(id), query],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/credentials/{id}/attempts', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function handoutsQuery(id: string, after: string | undefined) {
  const query = { limit: PART, ...(after === undefined ? {} : { after }) };
  return queryOptions({
    queryKey: [...keys.handouts(id), query],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/credentials/{id}/handouts', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** Names of keys, for those who are told by id. */
export const keyNamesQuery = queryOptions({
  queryKey: keys.apiKeys('names'),
  queryFn: async ({ signal }) => {
    const { items } = await unwrap(api.GET('/api/v1/keys', { params: { query: { limit: 500 } }, signal }));
    return Object.fromEntries(items.map(({ id, name }) => [id, name]));
  },
  staleTime: 60_000,
});
