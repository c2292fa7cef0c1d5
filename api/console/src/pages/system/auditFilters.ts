import type { TableUrl } from '~/components';
import type { Schemas } from '~/api';
import type { AuditFilter } from './query';

/** The filters of the audit log, as they stand in the address. */
export const AUDIT_FILTERS = [
  'action',
  'actor',
  'target',
  'target_kind',
  'period',
  'since',
  'until',
] as const;
export type AuditFilterName = (typeof AUDIT_FILTERS)[number];

/** Hours that a period looks back. */
export const PERIODS = { '1h': 1, '24h': 24, '7d': 7 * 24, '30d': 30 * 24 } as const;
export type Period = keyof typeof PERIODS;

/** The list of all actions, for the filter. The type says that none is missing. */
const ACTION_SET: Record<Schemas['Action'], true> = {
  'session.open': true,
  'session.refused': true,
  'session.close': true,
  'user.create': true,
  'user.edit': true,
  'user.delete': true,
  'user.password': true,
  'credential.create': true,
  'credential.edit': true,
  'credential.delete': true,
  'credential.restore': true,
  'credential.purge': true,
  'credential.revoke': true,
  'credential.reveal': true,
  'credential.refresh': true,
  'credential.resolve': true,
  'credential.retry': true,
  'credentials.import': true,
  'credentials.bulk': true,
  'credentials.export': true,
  'credentials.migrate': true,
  'migration.confirm': true,
  'sealing_key.confirm': true,
  'orphan.apply': true,
  'orphan.discard': true,
  'refreshing.pause': true,
  'refreshing.resume': true,
  'job.cancel': true,
  'job.retry': true,
  'settings.edit': true,
  'proxy.create': true,
  'proxy.edit': true,
  'proxy.delete': true,
  'proxy.test': true,
  'client_id.create': true,
  'client_id.edit': true,
  'client_id.delete': true,
  'key.create': true,
  'key.edit': true,
  'key.revoke': true,
  'audit.export': true,
};
export const ACTIONS = Object.keys(ACTION_SET) as Schemas['Action'][];

export const TARGET_KINDS = [
  'credential',
  'attempt',
  'user',
  'session',
  'key',
  'proxy',
  'client_id',
  'egress',
  'settings',
  'job',
] as const satisfies readonly Schemas['TargetKind'][];

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** A time as the field for it writes one (local, without zone), for the server; `null`: it is none. */
export function timeOf(local: string | undefined): string | null {
  const ms = local === undefined || local === '' ? Number.NaN : Date.parse(local);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

function periodStart(period: string | undefined, nowMs: number): string | null {
  if (period === undefined || !(period in PERIODS)) return null;
  // Rounded, so that the same filter is the same question for a while.
  const now = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  return new Date(now - PERIODS[period as Period] * HOUR_MS).toISOString();
}

/** The question to the server. What cannot be understood is left out: addresses are typed by hand as well. */
export function auditFilterOf(
  { filters }: Pick<TableUrl<AuditFilterName>, 'filters'>,
  nowMs: number,
): AuditFilter {
  const { action, actor, target, target_kind, period } = filters;
  const actions = ACTIONS.filter((name) => action?.split(',').includes(name));
  const since = timeOf(filters.since) ?? periodStart(period, nowMs);
  const until = timeOf(filters.until);
  const kind = TARGET_KINDS.find((name) => name === target_kind);
  return {
    ...(actions.length > 0 ? { action: actions } : {}),
    ...(actor ? { actor } : {}),
    ...(target ? { target } : {}),
    // The server takes the kind only beside the target.
    ...(target && kind ? { target_kind: kind } : {}),
    ...(since === null ? {} : { since }),
    ...(until === null ? {} : { until }),
  };
}

/** The address of the export of what is shown. */
export function exportPath(filter: AuditFilter, format: 'csv' | 'jsonl'): string {
  const params = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(filter)) params.set(name, String(value));
  return `/api/v1/audit/export?${params.toString()}`;
}
