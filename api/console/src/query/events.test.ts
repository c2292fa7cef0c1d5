import { expect, it } from 'vitest';
import { madeStale } from './events';

it('reads the figures once more after the page was opened, when workers have counted', () => {
  const stale = madeStale('ready', {});
  expect(stale).toEqual([expect.objectContaining({ key: ['stats'] })]);
  expect(stale === 'all' ? 0 : (stale[0]?.afterMs ?? 0)).toBeGreaterThan(5_000);
});
