import type { Schemas } from '~/api';
import type { Counted } from '~/format';

type Severity = Schemas['Severity'];

/** What can be wrong: the findings of the server, and what only shows where all is seen together. */
export type IssueName = Schemas['Finding'] | 'queue' | 'expiring' | 'placeholder';

export interface Issue extends Counted {
  name: IssueName;
  severity: Severity;
  /** Where it is seen in full and mended. */
  to: string;
}

export interface Verdict {
  severity: Severity | 'ok';
  /** The most pressing one first. */
  issues: readonly Issue[];
}

interface Known {
  status: Schemas['Status'];
  stats?: Schemas['Stats'] | undefined;
  queue?: Schemas['Queue'] | undefined;
  /** The API's secret is still the published one. */
  placeholder?: boolean | undefined;
}

const PLACES: Record<IssueName, string> = {
  halted: '/jobs',
  paused: '/jobs',
  in_doubt: '/credentials?state=in_doubt',
  dead: '/credentials?state=dead',
  held: '/credentials?state=held',
  migration_unconfirmed: '/credentials?state=held',
  orphan: '/system?tab=orphans',
  replayed: '/system?tab=system',
  late_answer: '/system?tab=system',
  journal_failed: '/system?tab=system',
  journal_damaged: '/system?tab=system',
  journal_unreadable: '/system?tab=system',
  no_worker: '/jobs?tab=workers',
  worker_not_claiming: '/jobs?tab=workers',
  egress_on_hold: '/jobs?tab=egresses',
  egress_paused: '/jobs?tab=egresses',
  queue: '/jobs?tab=queue',
  expiring: '/credentials?expiry=24h&sort=at_expires_at',
  placeholder: '/docs?tab=keys',
};

const RANK: Record<Severity | 'ok', number> = { critical: 3, warning: 2, notice: 1, ok: 0 };

/** One judgement over everything that the server says. */
export function verdictOf({ status, stats, queue, placeholder = false }: Known): Verdict {
  const issues: Issue[] = status.findings.map(({ code, severity, count, more }) => ({
    name: code,
    severity,
    count,
    more,
    to: PLACES[code],
  }));
  const add = (name: IssueName, severity: Severity, count: number) => {
    if (count > 0) issues.push({ name, severity, count, more: false, to: PLACES[name] });
  };
  // A queue that does not tell how much it holds takes nothing either.
  add('queue', 'warning', queue?.lanes.filter(({ depth }) => depth == null).length ?? 0);
  add('expiring', 'warning', stats?.credentials?.expiring_unrefreshed.within_24_hours ?? 0);
  add('placeholder', 'warning', placeholder ? 1 : 0);
  // The sort is stable: within one severity the order of the server stays.
  issues.sort((a, b) => RANK[b.severity] - RANK[a.severity]);
  return { severity: issues[0]?.severity ?? 'ok', issues };
}

/** Nobody has put in anything yet. */
export function isEmpty(status: Schemas['Status']): boolean {
  return Object.values(status.credentials).every(({ count }) => count === 0);
}
