import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import type { paths } from '~/api/schema';
import { keys } from '~/query';

export type Job = Schemas['Job'];
export type JobItem = Schemas['JobItem'];
export type ItemState = Schemas['ItemState'];
export type JobFilter = Omit<
  NonNullable<paths['/api/v1/jobs']['get']['parameters']['query']>,
  'before' | 'limit'
>;

/** How many entries a part of a list has. */
export const PART = 50;

export function hasEnded({ state }: Pick<Job, 'state'>): boolean {
  return state === 'finished' || state === 'cancelled' || state === 'failed';
}

export function jobsQuery(filter: JobFilter, before: string | undefined) {
  const query = { ...filter, limit: PART, ...(before === undefined ? {} : { before }) };
  return queryOptions({
    queryKey: keys.jobs(query),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/jobs', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function jobQuery(id: string) {
  return queryOptions({
    queryKey: keys.job(id),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/jobs/{id}', { params: { path: { id } }, signal })),
  });
}

export function itemsQuery(id: string, state: readonly ItemState[], after: number | undefined) {
  const query = {
    limit: PART,
    ...(state.length > 0 ? { state: [...state] } : {}),
    ...(after === undefined ? {} : { after }),
  };
  return queryOptions({
    queryKey: [...keys.job(id), 'items', query],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/jobs/{id}/items', { params: { path: { id }, query }, signal })),
    placeholderData: keepPreviousData,
  });
}

/** Where the results of a job are saved from; the session goes along as a cookie. */
export function resultsUrl(id: string, format: 'csv' | 'jsonl', state: readonly ItemState[] = []): string {
  const query = new URLSearchParams({ format, ...(state.length > 0 ? { state: state.join(',') } : {}) });
  return `/api/v1/jobs/${id}/results?${query.toString()}`;
}
