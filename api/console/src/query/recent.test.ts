import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RecentEvents } from './recent';

let recent: RecentEvents;
beforeEach(() => {
  vi.useFakeTimers();
  recent = new RecentEvents();
});
afterEach(() => vi.useRealTimers());

const shown = () => recent.list().map(({ name, count }) => `${name} ${count}`);

describe('recent events', () => {
  it('makes one entry of a burst, and tells of it seldom', () => {
    const told = vi.fn();
    recent.subscribe(told);
    for (let i = 0; i < 1000; i++)
      recent.add('attempt', { credential: String(i), state: 'finished', outcome: 'rotated' });
    recent.add('attempt', { state: 'finished', outcome: 'rejected', code: 'token_expired' });
    recent.add('attempt', { credential: 'last', state: 'finished', outcome: 'rotated' });
    vi.runAllTimers();
    expect(shown()).toEqual(['attempt 1001', 'attempt 1']);
    expect(recent.list()[0]?.data.credential).toBe('last');
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('begins another entry after a pause, but not for the same job', () => {
    recent.add('credential', {});
    recent.add('job', { job: 'a', done: 1 });
    vi.advanceTimersByTime(60_000);
    recent.add('credential', {});
    recent.add('job', { job: 'a', done: 2 });
    vi.runAllTimers();
    expect(shown()).toEqual(['job 2', 'credential 1', 'credential 1']);
  });

  it('does not grow', () => {
    for (let i = 0; i < 500; i++) recent.add('worker', { worker: String(i) });
    vi.runAllTimers();
    expect(recent.list()).toHaveLength(50);
    expect(recent.list()[0]?.data.worker).toBe('499');
    recent.clear();
    expect(recent.list()).toEqual([]);
  });
});
