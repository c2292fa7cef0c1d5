import { QueryClient } from '@tanstack/react-query';
import { http, HttpResponse } from 'msw';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { server } from '~/test/setup';
import { LiveConnection } from './live';

/** A stream that the test speaks through. */
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  static all: Stream[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(readonly url: string) {
    super();
    Stream.all.push(this);
  }

  close(): void {
    this.readyState = Stream.CLOSED;
  }

  say(name: string, data: object): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data) }));
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.();
  }
}

function last(): Stream {
  const stream = Stream.all.at(-1);
  if (stream === undefined) throw new Error('no stream was opened');
  return stream;
}

let client: QueryClient;
let connection: LiveConnection;
let invalidated: ReturnType<typeof vi.fn>;

beforeEach(() => {
  vi.useFakeTimers();
  Stream.all = [];
  vi.stubGlobal('EventSource', Stream);
  server.use(http.get('*/livez', () => HttpResponse.json({ status: 'ok' })));
  client = new QueryClient();
  // What somebody looks at.
  for (const key of [['credentials'], ['facets'], ['credential', 'c7']]) client.setQueryData(key, {});
  invalidated = vi.fn(() => Promise.resolve());
  vi.spyOn(client, 'invalidateQueries').mockImplementation(invalidated as never);
  connection = new LiveConnection(client);
  connection.start();
});
afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

const times = (key: readonly unknown[]) =>
  invalidated.mock.calls.filter(([filter]) => {
    const { queryKey } = (filter ?? {}) as { queryKey?: unknown };
    return JSON.stringify(queryKey) === JSON.stringify(key);
  }).length;

describe('LiveConnection', () => {
  it('reads anew at most once a second, however many events come', () => {
    last().onopen?.();
    for (let count = 0; count < 100; count++) {
      last().say('attempt', { credential: `c${count}` });
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(999);
    expect(times(['credentials'])).toBe(2);
    expect(times(['facets'])).toBe(1);
    expect(times(['credential', 'c7'])).toBe(1);
  });

  it('does nothing about credentials that nobody has read', () => {
    last().onopen?.();
    const before = vi.getTimerCount();
    for (let count = 0; count < 1000; count++) last().say('attempt', { credential: `c${count}` });
    // The list, the facets, the one that is open, and the list of what happened.
    expect(vi.getTimerCount() - before).toBe(4);
    vi.advanceTimersByTime(1_000);
    expect(times(['credential', 'c7'])).toBe(1);
    expect(times(['credential', 'c8'])).toBe(0);
  });

  it('keeps its pace when events tell of more credentials than it remembers', () => {
    client.setQueryData(['egresses'], {});
    last().onopen?.();
    last().say('egress', {});
    vi.advanceTimersByTime(1);
    for (let count = 0; count < 300; count++) {
      client.setQueryData(['credential', `c${count}`], {});
      last().say('attempt', { credential: `c${count}` });
      vi.advanceTimersByTime(1);
    }
    last().say('egress', {});
    vi.advanceTimersByTime(600);
    expect(times(['egresses'])).toBe(1);
    vi.advanceTimersByTime(200);
    expect(times(['egresses'])).toBe(2);
  });

  it('reads figures when they are counted, which is after the event', () => {
    last().onopen?.();
    client.setQueryData(['stats'], {});
    last().say('attempt', { credential: 'c1' });
    vi.advanceTimersByTime(5_900);
    expect(times(['stats'])).toBe(0);
    last().say('attempt', { credential: 'c2' });
    vi.advanceTimersByTime(200);
    expect(times(['stats'])).toBe(1);
    vi.advanceTimersByTime(6_000);
    expect(times(['stats'])).toBe(2);
    vi.advanceTimersByTime(60_000);
    expect(times(['stats'])).toBe(2);
  });

  it('reads everything anew where events were missed', () => {
    last().onopen?.();
    last().say('reset', { because: 'too old' });
    expect(invalidated).toHaveBeenCalledWith();
  });

  it('polls while the browser reconnects, and stops when it is back', async () => {
    last().onopen?.();
    last().fail(0);
    expect(connection.state()).toBe('polling');
    await vi.advanceTimersByTimeAsync(20_000);
    const before = invalidated.mock.calls.length;
    expect(before).toBe(3);
    last().onopen?.();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(invalidated.mock.calls.length).toBe(before);
    expect(connection.state()).toBe('live');
    expect(Stream.all).toHaveLength(1);
  });

  it('tries again with growing distances where the stream was refused', async () => {
    for (let count = 0; count < 8; count++) {
      last().fail(Stream.CLOSED);
      await vi.advanceTimersByTimeAsync(40_000);
    }
    expect(Stream.all.length).toBe(9);
    last().fail(Stream.CLOSED);
    const before = Stream.all.length;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(Stream.all.length).toBe(before);
  });

  it('says so where nothing answers', async () => {
    server.use(http.get('*/livez', () => HttpResponse.error()));
    last().fail(Stream.CLOSED);
    await vi.waitFor(() => expect(connection.state()).toBe('lost'));
  });

  it('rests in a hidden tab and catches up afterwards', () => {
    last().onopen?.();
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    document.dispatchEvent(new Event('visibilitychange'));
    vi.advanceTimersByTime(6_000);
    expect(connection.state()).toBe('paused');
    expect(last().readyState).toBe(Stream.CLOSED);
    visibility.mockReturnValue('visible');
    document.dispatchEvent(new Event('visibilitychange'));
    expect(Stream.all).toHaveLength(2);
    expect(invalidated).toHaveBeenCalledWith();
  });
});
