/**
 * The keys of all server data. The first part is the resource; events invalidate by it (`events.ts`). Add a resource
 * here, and to the map of events where it changes by itself.
 */
export const keys = {
  session: ['session'] as const,
  status: ['status'] as const,
  system: ['system'] as const,
  stats: (hours: number) => ['stats', hours] as const,
  credentials: (query: unknown) => ['credentials', 'list', query] as const,
  facets: (filter: unknown) => ['facets', filter] as const,
  credential: (id: string) => ['credential', id] as const,
  attempts: (id: string) => ['credential', id, 'attempts'] as const,
  handouts: (id: string) => ['credential', id, 'handouts'] as const,
  openAttempts: ['open-attempts'] as const,
  orphans: ['orphans'] as const,
  jobs: (query?: unknown) => (query === undefined ? (['jobs'] as const) : (['jobs', 'list', query] as const)),
  job: (id: string) => ['jobs', 'one', id] as const,
  queue: ['queue'] as const,
  workers: ['workers'] as const,
  egresses: ['egresses'] as const,
  settings: ['settings'] as const,
  settingsHistory: ['settings', 'history'] as const,
  proxies: (query?: unknown) =>
    query === undefined ? (['proxies'] as const) : (['proxies', query] as const),
  clientIds: (query?: unknown) =>
    query === undefined ? (['client-ids'] as const) : (['client-ids', query] as const),
  apiKeys: (query?: unknown) =>
    query === undefined ? (['api-keys'] as const) : (['api-keys', query] as const),
  users: ['users'] as const,
  sessions: (username?: string) =>
    username === undefined ? (['sessions'] as const) : (['sessions', username] as const),
  audit: (query?: unknown) => (query === undefined ? (['audit'] as const) : (['audit', query] as const)),
};
