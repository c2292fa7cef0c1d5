import { screen, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, describe, expect, it } from 'vitest';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { Component as Dashboard } from '.';

const NONE = { count: 0, more: false };
const STATUS = {
  status: 'warning',
  findings: [{ code: 'dead', severity: 'warning', count: 2, more: false, advice: [], see: '' }],
  switches: [],
  credentials: { idle: { count: 10_000, more: true }, dead: { count: 2, more: false } },
  orphans: NONE,
  last_24_hours: { replayed: NONE, late: NONE },
  workers: [],
  egresses_on_hold: [],
  egresses_paused: [],
};
const STATS = {
  credentials: {
    as_of: '2026-01-01T00:00:00Z',
    total: 100_000,
    enabled: 99_990,
    by_state: { idle: 99_998, dead: 2 },
    due: { within_1_hour: 420, within_24_hours: 9_800 },
    expiring_unrefreshed: { within_1_hour: 0, within_24_hours: 0 },
  },
  refreshes: {
    succeeded: 400,
    failed: 1,
    by_hour: [
      {
        hour: '2026-01-01T00:00:00Z',
        succeeded: 400,
        failed: 1,
        by_outcome: { rotated: 400, transient: 1 },
        mean_duration_ms: 812,
      },
    ],
    top_codes: [{ code: 'http_503', outcome: 'transient', count: 1 }],
  },
  queue: { waiting: NONE, oldest_wait_seconds: null },
  workers_alive: 1,
};

function answer(status: object, placeholder = false, backup_unconfirmed = false) {
  const empty = { items: [], next: null };
  server.use(
    http.get('*/api/v1/status', () => HttpResponse.json(status)),
    http.get('*/api/v1/stats', () => HttpResponse.json(STATS)),
    http.get('*/api/v1/queue', () => HttpResponse.json({ lines: [], lanes: [] })),
    http.get('*/api/v1/workers', () => HttpResponse.json(empty)),
    http.get('*/api/v1/audit', () => HttpResponse.json(empty)),
    http.get('*/api/v1/system', () => HttpResponse.json({ sealing_keys: { backup_unconfirmed } })),
    http.get('*/api/v1/keys', () => HttpResponse.json({ ...empty, configured: { placeholder, scopes: [] } })),
  );
}

describe('the dashboard', () => {
  beforeEach(() => answer(STATUS));

  it('says what is wrong and leads there, and to the credentials of each state', async () => {
    render(<Dashboard />);
    expect(await screen.findByRole('link', { name: '2 credentials are dead' })).toHaveAttribute(
      'href',
      '/credentials?state=dead',
    );
    // The count in full, which the status gives up at 10,000.
    expect(await screen.findByRole('link', { name: /Healthy 99,998/ })).toHaveAttribute(
      'href',
      '/credentials?state=idle',
    );
    expect(screen.getByRole('link', { name: /Disabled 10/ })).toBeInTheDocument();
  });

  it('has the figures of the chart in a table, and words for the codes', async () => {
    const { user } = render(<Dashboard />);
    expect(await screen.findByText('99.7 % succeeded')).toBeInTheDocument();
    await user.click(screen.getByRole('radio', { name: 'Table' }));
    const table = await screen.findByRole('group', { name: 'Refreshes in the last 24 hours' });
    expect(within(table).getByRole('cell', { name: '812 ms' })).toBeInTheDocument();
    expect(screen.getByText('The upstream answered HTTP 503.')).toBeInTheDocument();
  });

  it('leads to the import where there is nothing yet', async () => {
    answer({ ...STATUS, findings: [], credentials: { idle: NONE, dead: NONE } }, true);
    render(<Dashboard />);
    expect(await screen.findByRole('link', { name: 'Import' })).toHaveAttribute('href', '/import');
    expect(screen.queryByText('Credentials by state')).toBeNull();
  });

  it.each([
    [true, /Copy the key file \(by default data\/keys\/master\.keys\)/],
    [false, /^Done: the sealing key is backed up/],
  ])('asks in the first run for a backup of the sealing key (unconfirmed: %s)', async (unconfirmed, text) => {
    answer({ ...STATUS, findings: [], credentials: { idle: NONE } }, false, unconfirmed);
    render(<Dashboard />);
    expect(await screen.findByText(text)).toBeInTheDocument();
    expect(screen.getByText('Four steps to the first refresh')).toBeInTheDocument();
  });
});
