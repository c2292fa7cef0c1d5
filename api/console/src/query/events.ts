/**
 * Which data each event of `GET /api/v1/events` makes old. Events are hints: what is shown is read anew through the
 * ordinary routes, at most once in the given time however many events come.
 */

/** At most one reading a second of what people look at. */
const SOON_MS = 1_000;
/** What costs more, and nobody needs to the second: the longest that anything is held back. */
export const LATER_MS = 5_000;
/** Workers count at the pace of their heartbeats, so the figures come after the event. */
const COUNTED_MS = 6_000;

export interface Stale {
  key: readonly unknown[];
  everyMs: number;
  /** So long after the event it is not there yet. */
  afterMs?: number;
}

const soon = (...key: readonly unknown[]): Stale => ({ key, everyMs: SOON_MS });
const later = (...key: readonly unknown[]): Stale => ({ key, everyMs: LATER_MS });
const counted = (...key: readonly unknown[]): Stale => ({ key, everyMs: LATER_MS, afterMs: COUNTED_MS });

interface EventData {
  credential?: unknown;
  job?: unknown;
}

/** The events that there are; the names are those of docs/api.md. */
export const EVENT_NAMES = [
  'ready',
  'attempt',
  'credential',
  'switch',
  'egress',
  'worker',
  'stats',
  'settings',
  'job',
  'reset',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** `'all'`: events were missed, so everything may be old. */
export function madeStale(event: EventName, data: EventData): readonly Stale[] | 'all' {
  const one = typeof data.credential === 'string' ? [soon('credential', data.credential)] : [];
  switch (event) {
    case 'ready':
      // What ended just before this page was opened is not counted yet, and no event will tell of it.
      return [counted('stats')];
    case 'attempt':
      return [
        ...one,
        soon('credentials'),
        soon('open-attempts'),
        soon('queue'),
        later('facets'),
        later('status'),
        counted('stats'),
        later('orphans'),
      ];
    case 'credential':
      return [...one, soon('credentials'), later('facets'), later('status')];
    case 'switch':
      return [soon('status'), soon('egresses')];
    case 'egress':
      return [soon('egresses'), soon('status')];
    case 'worker':
      return [soon('workers'), soon('status'), later('queue')];
    case 'stats':
      return [soon('stats')];
    case 'settings':
      return [soon('settings')];
    case 'job':
      return [soon('jobs')];
    case 'reset':
      return 'all';
  }
}
