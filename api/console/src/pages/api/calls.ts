/** The calls of the public API, as docs/api.md has them: what the page shows and the examples are made from. */

export type Where = 'body' | 'query' | 'header' | 'path';

/** Which text explains a parameter. */
export type ParameterText = 'biz_id' | 'email' | 'min_ttl' | 'items' | 'etag' | 'prefer' | 'attempt_id';

export interface Parameter {
  name: string;
  where: Where;
  text: ParameterText;
  required?: boolean;
}

/** What an example does with the answer. */
export type Use = 'token' | 'items' | 'attempt' | 'state' | 'plain';

export interface Call {
  name: 'getAt' | 'getAtGet' | 'minTtl' | 'batch' | 'refresh' | 'refreshAsync' | 'attempt' | 'health';
  method: 'GET' | 'POST';
  path: string;
  /** What the key must be good for; `any`: any key; null: no key at all. */
  scope: 'get_at' | 'refresh' | 'any' | null;
  parameters: readonly Parameter[];
  /** What the example sends. */
  query?: (bizId: string) => Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  body?: (bizId: string) => unknown;
  use: Use;
  /** Waits for a refresh. */
  slow?: boolean;
  answer: (bizId: string) => unknown;
}

/** An attempt's id, as ids look. */
export const ATTEMPT = '01KAZ3V5T8Q2M4N6P8R0S2T4V6';

const BIZ_ID: Parameter = { name: 'biz_id', where: 'body', text: 'biz_id', required: true };
const EMAIL: Parameter = { name: 'email', where: 'body', text: 'email' };
const MIN_TTL: Parameter = { name: 'min_ttl', where: 'body', text: 'min_ttl' };
const inQuery = (parameter: Parameter): Parameter => ({ ...parameter, where: 'query' });

/** Ten minutes: longer than a request that is made with the token. */
const LIFE = 600;

const token = (bizId: string) => ({
  biz_id: bizId,
  email: 'user001@example.com',
  access_token: 'eyJ…',
  refresh_token: '',
  type: 'plus',
  user_name: 'User 001',
  expires_at: '2026-01-10T08:00:00Z',
  expires_in: 777600,
  state: 'idle',
});
const ok = (data: unknown) => ({ success: true, msg: '操作成功', code: 'ok', request_id: '01KA…', data });

export const CALLS: readonly Call[] = [
  {
    name: 'getAt',
    method: 'POST',
    path: '/get-at',
    scope: 'get_at',
    parameters: [BIZ_ID, EMAIL],
    body: (bizId) => ({ biz_id: bizId }),
    use: 'token',
    answer: (bizId) => ok(token(bizId)),
  },
  {
    name: 'getAtGet',
    method: 'GET',
    path: '/get-at',
    scope: 'get_at',
    parameters: [
      inQuery(BIZ_ID),
      inQuery(EMAIL),
      inQuery(MIN_TTL),
      { name: 'If-None-Match', where: 'header', text: 'etag' },
    ],
    query: (bizId) => ({ biz_id: bizId }),
    headers: { 'If-None-Match': '"…"' },
    use: 'token',
    answer: (bizId) => ok(token(bizId)),
  },
  {
    name: 'minTtl',
    method: 'POST',
    path: '/get-at',
    scope: 'get_at',
    parameters: [BIZ_ID, { ...MIN_TTL, required: true }],
    body: (bizId) => ({ biz_id: bizId, min_ttl: LIFE }),
    use: 'token',
    slow: true,
    answer: (bizId) => ok({ ...token(bizId), fresh: true, refresh_result: 'rotated' }),
  },
  {
    name: 'batch',
    method: 'POST',
    path: '/get-at/batch',
    scope: 'get_at',
    parameters: [{ name: 'items', where: 'body', text: 'items', required: true }, MIN_TTL],
    body: (bizId) => ({ items: [{ biz_id: bizId }, { email: 'user002@example.com' }], min_ttl: LIFE }),
    use: 'items',
    slow: true,
    answer: (bizId) =>
      ok({
        items: [
          { success: true, code: 'ok', msg: '操作成功', data: token(bizId) },
          { success: false, code: 'not_found', msg: '未找到', data: null },
        ],
      }),
  },
  {
    name: 'refresh',
    method: 'POST',
    path: '/refresh',
    scope: 'refresh',
    parameters: [BIZ_ID, EMAIL],
    body: (bizId) => ({ biz_id: bizId }),
    use: 'token',
    slow: true,
    answer: (bizId) => ok(token(bizId)),
  },
  {
    name: 'refreshAsync',
    method: 'POST',
    path: '/refresh',
    scope: 'refresh',
    parameters: [BIZ_ID, EMAIL, { name: 'Prefer', where: 'header', text: 'prefer', required: true }],
    headers: { Prefer: 'respond-async' },
    body: (bizId) => ({ biz_id: bizId }),
    use: 'attempt',
    answer: (bizId) => ({
      success: true,
      msg: '刷新进行中',
      code: 'refresh_pending',
      request_id: '01KA…',
      data: { biz_id: bizId, attempt_id: ATTEMPT },
    }),
  },
  {
    name: 'attempt',
    method: 'GET',
    path: `/attempts/${ATTEMPT}`,
    scope: 'any',
    parameters: [{ name: 'attempt_id', where: 'path', text: 'attempt_id', required: true }],
    use: 'state',
    answer: (bizId) =>
      ok({
        attempt_id: ATTEMPT,
        biz_id: bizId,
        state: 'finished',
        done: true,
        outcome: 'rotated',
        refresh_result: 'rotated',
        detail: null,
      }),
  },
  {
    name: 'health',
    method: 'GET',
    path: '/health',
    scope: null,
    parameters: [],
    use: 'plain',
    answer: () => ({ status: 'ok', message: '…' }),
  },
];

/** The codes of the public API with their HTTP statuses, in the order of docs/api.md. */
export const ERRORS = [
  [400, 'invalid_json'],
  [400, 'invalid_request'],
  [401, 'unauthorized'],
  [403, 'forbidden_scope'],
  [403, 'disabled'],
  [404, 'not_found'],
  [404, 'unknown_route'],
  [405, 'method_not_allowed'],
  [409, 'email_ambiguous'],
  [409, 'access_token_missing'],
  [409, 'access_token_expired'],
  [409, 'dead'],
  [409, 'in_doubt'],
  [409, 'held'],
  [413, 'body_too_large'],
  [415, 'unsupported_media_type'],
  [429, 'rate_limited'],
  [429, 'too_many_attempts'],
  [500, 'refresh_failed'],
  [500, 'internal_error'],
  [503, 'refresh_paused'],
  [503, 'refresh_halted'],
  [503, 'database_unavailable'],
  [503, 'queue_unavailable'],
  [504, 'refresh_pending'],
] as const;
