import { describe, expect, it } from 'vitest';
import type { Schemas } from '~/api';
import { isEmpty, verdictOf } from './verdict';

const NONE = { count: 0, more: false };

function status(change: Partial<Schemas['Status']> = {}): Schemas['Status'] {
  return {
    status: 'ok',
    findings: [],
    switches: [],
    credentials: { idle: { count: 3, more: false } },
    awaiting_migration: NONE,
    orphans: NONE,
    last_24_hours: { replayed: NONE, late: NONE },
    workers: [],
    egresses_on_hold: [],
    egresses_paused: [],
    ...change,
  };
}

const finding = (code: Schemas['Finding'], severity: Schemas['Severity'], count = 1) =>
  ({ code, severity, count, more: false, advice: [], see: '' }) satisfies Schemas['StatusFinding'];

function stats(within_24_hours: number): Schemas['Stats'] {
  return {
    credentials: {
      as_of: '2026-01-01T00:00:00Z',
      total: 3,
      enabled: 3,
      by_state: {},
      due: { within_1_hour: 0, within_24_hours: 0 },
      expiring_unrefreshed: { within_1_hour: 0, within_24_hours },
    },
    refreshes: { succeeded: 0, failed: 0, by_hour: [], top_codes: [] },
    queue: { waiting: NONE, oldest_wait_seconds: null },
    workers_alive: 1,
  };
}

describe('the verdict', () => {
  it('is good where nothing is wrong', () => {
    const queue = { lines: [], lanes: [{ lane: 'bulk', depth: 0 } as const] };
    expect(verdictOf({ status: status(), stats: stats(0), queue, placeholder: false })).toEqual({
      severity: 'ok',
      issues: [],
    });
  });

  it('puts the most pressing first and leads to where it is mended', () => {
    const { severity, issues } = verdictOf({
      status: status({
        findings: [
          finding('paused', 'notice'),
          finding('dead', 'warning', 2),
          finding('no_worker', 'critical'),
        ],
      }),
    });
    expect(severity).toBe('critical');
    expect(issues.map(({ name, to }) => [name, to])).toEqual([
      ['no_worker', '/jobs?tab=workers'],
      ['dead', '/credentials?state=dead'],
      ['paused', '/jobs'],
    ]);
  });

  it('sees what no finding of the server is about', () => {
    const { severity, issues } = verdictOf({
      status: status(),
      stats: stats(7),
      queue: { lines: [], lanes: [{ lane: 'bulk', depth: null }] },
      placeholder: true,
    });
    expect(severity).toBe('warning');
    expect(issues.map(({ name, count }) => [name, count])).toEqual([
      ['queue', 1],
      ['expiring', 7],
      ['placeholder', 1],
    ]);
  });

  it('knows the first run', () => {
    expect(isEmpty(status())).toBe(false);
    expect(isEmpty(status({ credentials: { idle: NONE, dead: NONE } }))).toBe(true);
  });
});
