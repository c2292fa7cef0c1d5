import type { Setting } from './query';

/** The sections of the form, in operators' order; the names are those of the texts. */
export const GROUPS = [
  {
    name: 'schedule',
    keys: [
      'refresh.auto',
      'refresh.lead_seconds',
      'refresh.interval_days',
      'refresh.rate_per_second',
      'refresh.default_access_token_seconds',
    ],
  },
  {
    name: 'upstream',
    keys: [
      'worker.concurrency',
      'openai.connect_timeout_seconds',
      'openai.request_timeout_seconds',
      'openai.client_id',
    ],
  },
  { name: 'callers', keys: ['refresh.min_interval_seconds', 'refresh.coalesce_seconds'] },
  { name: 'failures', keys: ['refresh.backoff_base_seconds', 'refresh.backoff_max_seconds'] },
  { name: 'doubt', keys: ['refresh.in_doubt_policy', 'refresh.probe_delays_seconds'] },
  {
    name: 'retention',
    keys: [
      'retention.deleted_days',
      'retention.attempts_days',
      'retention.jobs_days',
      'retention.statistics_days',
      'retention.audit_days',
    ],
  },
  {
    name: 'inner',
    keys: [
      'refresh.send_budget_seconds',
      'refresh.persist_seconds',
      'refresh.grace_seconds',
      'refresh.lane_depth',
      'refresh.repush_seconds',
    ],
  },
] as const;

export type GroupName = (typeof GROUPS)[number]['name'] | 'other';

/** The settings by section. What this console does not know yet comes last: nothing that the server has is hidden. */
export function grouped(settings: readonly Setting[]): readonly (readonly [GroupName, readonly Setting[]])[] {
  const left = new Map(settings.map((setting) => [setting.key, setting]));
  const known = GROUPS.map(({ name, keys }) => {
    const found = keys.flatMap((key) => left.get(key) ?? []);
    keys.forEach((key) => left.delete(key));
    return [name, found] as const;
  });
  return [...known, ['other', [...left.values()]] as const].filter(([, found]) => found.length > 0);
}
