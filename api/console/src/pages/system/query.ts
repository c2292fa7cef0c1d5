import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, Problem, unwrap, type Schemas } from '~/api';
import type { paths } from '~/api/schema';
import { keys } from '~/query';

export type AuditEntry = Schemas['AuditEntry'];
export type Orphan = Schemas['OrphanView'];
export type Person = Schemas['UserView'];
export type Session = Schemas['SessionView'];
export type AuditFilter = Omit<
  NonNullable<paths['/api/v1/audit']['get']['parameters']['query']>,
  'before' | 'limit'
>;

/** How many entries a part of a list has. */
export const PART = 50;

export function auditQuery(filter: AuditFilter, before: string | undefined) {
  const query = { ...filter, limit: PART, ...(before === undefined ? {} : { before }) };
  return queryOptions({
    queryKey: keys.audit(query),
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/audit', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export function orphansQuery(before: string | undefined) {
  const query = { limit: PART, ...(before === undefined ? {} : { before }) };
  return queryOptions({
    queryKey: [...keys.orphans, before ?? ''],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/orphans', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
}

export const usersQuery = queryOptions({
  queryKey: keys.users,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/users', { signal })),
});

export const sessionsQuery = queryOptions({
  queryKey: keys.sessions(),
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/auth/sessions', { signal })),
});

export interface Readiness {
  status: string;
  checks: Record<string, string>;
}

/** A process that is not ready says so with 503 and the reasons: both are an answer here. */
export const readinessQuery = queryOptions({
  queryKey: [...keys.status, 'readiness'],
  queryFn: async ({ signal }): Promise<Readiness> => {
    const response = await fetch('/readyz', { signal, cache: 'no-store' }).catch((error: unknown) => {
      throw error instanceof DOMException ? error : Problem.unreachable();
    });
    const body: unknown = await response.json().catch(() => null);
    if (isReadiness(body)) return body;
    throw Problem.from(response, body);
  },
});

function isReadiness(body: unknown): body is Readiness {
  return (
    typeof body === 'object' &&
    body !== null &&
    'checks' in body &&
    typeof body.checks === 'object' &&
    'status' in body &&
    typeof body.status === 'string'
  );
}
