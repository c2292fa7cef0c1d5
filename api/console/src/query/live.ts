import type { QueryClient } from '@tanstack/react-query';
import { EVENT_NAMES, madeStale } from './events';
import { Invalidator } from './invalidator';
import { RecentEvents } from './recent';

/**
 * - `connecting`: not yet, and not for long
 * - `live`: events come
 * - `polling`: no events; what is shown is read anew every few seconds
 * - `lost`: not even that: the server does not answer
 * - `paused`: nobody looks at this tab
 */
export type LiveState = 'connecting' | 'live' | 'polling' | 'lost' | 'paused';

/** How often data is read anew without events. */
const POLL_MS = 10_000;
/** A tab that is hidden for a moment only keeps its connection. */
const HIDDEN_MS = 5_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/**
 * The one connection for events of this tab. The browser itself reconnects a broken one and sends `Last-Event-ID`;
 * where it gives up (503, 401), a new one is tried with growing distances, and everything is read anew then.
 */
export class LiveConnection {
  /** What was heard lately, for those who show it. */
  readonly recent = new RecentEvents();
  #state: LiveState = 'connecting';
  readonly #listeners = new Set<() => void>();
  readonly #invalidator: Invalidator;
  #source: EventSource | null = null;
  #retryMs = FIRST_RETRY_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #poll: ReturnType<typeof setInterval> | undefined;
  #hide: ReturnType<typeof setTimeout> | undefined;
  #missed = false;
  #running = false;

  constructor(
    client: QueryClient,
    private readonly url = '/api/v1/events',
  ) {
    this.#invalidator = new Invalidator(client);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): LiveState => this.#state;

  start(): void {
    if (this.#running) return;
    this.#running = true;
    document.addEventListener('visibilitychange', this.#visibility);
    this.#open();
  }

  stop(): void {
    this.#running = false;
    document.removeEventListener('visibilitychange', this.#visibility);
    this.#close();
    this.recent.clear();
    this.#set('connecting');
  }

  /** Tries at once, because somebody asked for it. */
  retryNow(): void {
    this.#retryMs = FIRST_RETRY_MS;
    this.#close();
    this.#missed = true;
    this.#open();
    this.#invalidator.all();
  }

  #open(): void {
    const source = new EventSource(this.url);
    this.#source = source;
    source.onopen = () => {
      this.#retryMs = FIRST_RETRY_MS;
      this.#stopPolling();
      this.#set('live');
    };
    source.onerror = () => {
      this.#fallBack();
      if (source.readyState !== EventSource.CLOSED) return;
      this.#missed = true;
      const wait = this.#retryMs * (0.75 + Math.random() / 2);
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
      this.#retry = setTimeout(() => this.#open(), wait);
    };
    for (const name of EVENT_NAMES) {
      source.addEventListener(name, (event: MessageEvent<string>) => {
        const data = parse(event.data);
        this.recent.add(name, data);
        const stale = madeStale(name, data);
        const cannotResume = name === 'ready' && this.#missed && data.resumed !== true;
        if (name === 'ready') this.#missed = false;
        if (stale === 'all' || cannotResume) this.#invalidator.all();
        else this.#invalidator.add(stale);
      });
    }
  }

  #fallBack(): void {
    // As long as nobody answers, each try would say otherwise for a moment.
    if (this.#state !== 'lost') this.#set('polling');
    this.#poll ??= setInterval(() => void this.#readAnew(), POLL_MS);
    void this.#readAnew();
  }

  async #readAnew(): Promise<void> {
    this.#invalidator.all();
    // The browser tells of no difference between a stream that is refused and a server that is away.
    const answered = await fetch('/livez', { cache: 'no-store' }).then(
      (response) => response.ok,
      () => false,
    );
    if (this.#state === 'polling' || this.#state === 'lost') this.#set(answered ? 'polling' : 'lost');
  }

  #stopPolling(): void {
    clearInterval(this.#poll);
    this.#poll = undefined;
  }

  #close(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#hide);
    this.#stopPolling();
    this.#invalidator.stop();
    this.#source?.close();
    this.#source = null;
  }

  readonly #visibility = (): void => {
    clearTimeout(this.#hide);
    if (document.visibilityState === 'hidden') {
      this.#hide = setTimeout(() => {
        this.#close();
        this.#set('paused');
      }, HIDDEN_MS);
    } else if (this.#state === 'paused') {
      this.#set('connecting');
      this.#missed = true;
      this.#open();
      this.#invalidator.all();
    }
  };

  #set(state: LiveState): void {
    if (this.#state === state) return;
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

function parse(text: string): Record<string, unknown> {
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
