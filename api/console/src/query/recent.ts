import type { EventName } from './events';

/** Something that was heard of, or several alike in a row. */
export interface RecentEvent {
  /** Stays the same while more of its kind is added. */
  key: number;
  name: EventName;
  /** Of the newest one. */
  data: Readonly<Record<string, unknown>>;
  /** When the newest one was heard, in ms. */
  at: number;
  count: number;
}

/** A tab may stay open for weeks. */
const LIMIT = 50;
/** What is alike and comes within this time is one entry: a thousand refreshes must not push everything else out. */
const BURST_MS = 15_000;
/** Among how many of the newest entries a burst is looked for: two may run at once. */
const BURST_DEPTH = 4;
/** Who shows the list is told so often at most. */
const TELL_MS = 300;
/** Said for machines only, or by the list itself. */
const SILENT: ReadonlySet<EventName> = new Set(['ready', 'stats']);

/** What makes two events alike; `null`: nothing does. */
function kind(name: EventName, data: Readonly<Record<string, unknown>>): string | null {
  switch (name) {
    case 'attempt':
      return JSON.stringify([name, data.state, data.outcome, data.code]);
    case 'job':
      return JSON.stringify([name, data.job]);
    case 'credential':
    case 'settings':
    case 'reset':
      return name;
    default:
      return null;
  }
}

/** The newest events of the connection, the newest first. */
export class RecentEvents {
  #entries: readonly (RecentEvent & { kind: string | null })[] = [];
  #shown: readonly RecentEvent[] = [];
  #nextKey = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  add(name: EventName, data: Readonly<Record<string, unknown>>): void {
    if (SILENT.has(name)) return;
    const at = Date.now();
    const same = kind(name, data);
    const before =
      same === null
        ? undefined
        : this.#entries
            .slice(0, BURST_DEPTH)
            .find((entry) => entry.kind === same && (name === 'job' || at - entry.at < BURST_MS));
    const entry = {
      key: before?.key ?? this.#nextKey++,
      kind: same,
      name,
      data,
      at,
      count: (before?.count ?? 0) + 1,
    };
    this.#entries = [entry, ...this.#entries.filter((each) => each !== before)].slice(0, LIMIT);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tell();
    }, TELL_MS);
  }

  /** Another person may log in. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#entries = [];
    this.#tell();
  }

  #tell(): void {
    this.#shown = this.#entries;
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly list = (): readonly RecentEvent[] => this.#shown;
}
