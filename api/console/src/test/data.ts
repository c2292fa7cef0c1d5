import type { Schemas } from '~/api';

/** A credential as the API shows one; tests name what matters to them. */
export function credential(change: Partial<Schemas['CredentialView']> = {}): Schemas['CredentialView'] {
  return {
    id: '01KA0000000000000000000001',
    biz_id: 'user001',
    email: 'user001@example.com',
    name: 'User 001',
    plan: 'plus',
    account_id: null,
    user_id: null,
    client_id: 'app_example',
    proxy: null,
    proxy_id: null,
    egress: 'default',
    tag: 'team-a',
    memo: '',
    enabled: true,
    state: 'idle',
    state_reason: null,
    attempt_id: null,
    last_code: null,
    doubt: null,
    finding: null,
    failures: 0,
    access_token: { present: true, issued_at: null, expires_at: null, expires_in: null },
    next_refresh_at: null,
    next_refresh_because: 'before_expiry',
    refreshed_at: null,
    refresh_token_fingerprint: '3f0c9a51d2e4',
    revision: 1,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    deleted_at: null,
    ...change,
  };
}

/** A job as the API shows one. */
export function job(change: Partial<Schemas['Job']> = {}): Schemas['Job'] {
  return {
    id: '01KAJOB0000000000000000001',
    kind: 'bulk',
    action: 'refresh',
    state: 'running',
    total: 10,
    counts: { waiting: 4, running: 2, done: 3, failed: 1, skipped: 0, cancelled: 0 },
    rate_per_second: 2,
    remaining_seconds: 3,
    code: null,
    detail: null,
    spec: {},
    retry_of: null,
    created_by: 'admin',
    created_by_kind: 'user',
    created_at: '2026-01-01T00:00:00Z',
    started_at: '2026-01-01T00:00:00Z',
    finished_at: null,
    ...change,
  };
}

/** A problem document. */
export function problem(status: number, code: string, more: object = {}): Response {
  return Response.json(
    { title: code, status, code, request_id: '01KAREQUEST', ...more },
    { status, headers: { 'content-type': 'application/problem+json' } },
  );
}
