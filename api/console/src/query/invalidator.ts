import type { QueryClient } from '@tanstack/react-query';
import { LATER_MS, type Stale } from './events';

/** From how many on it is looked for what can be forgotten. */
const MANY = 200;

/** Collects what has become old and has it read anew, each kind at most once in its time. */
export class Invalidator {
  readonly #last = new Map<string, number>();
  readonly #waiting = new Map<string, ReturnType<typeof setTimeout>>();
  /** What became old once more while it waited, and is not there when that wait is over. */
  readonly #again = new Set<string>();

  constructor(private readonly client: QueryClient) {}

  add(stale: readonly Stale[]): void {
    for (const one of stale) this.#add(one);
  }

  all(): void {
    this.stop();
    void this.client.invalidateQueries();
  }

  /** Forgets what waits. */
  stop(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    this.#again.clear();
  }

  #add(stale: Stale): void {
    const { key, everyMs, afterMs = 0 } = stale;
    const name = JSON.stringify(key);
    if (this.#waiting.has(name)) {
      if (afterMs > 0) this.#again.add(name);
      return;
    }
    // Events tell of 100,000 credentials, and few of them are on a page: what nobody has read cannot be old.
    if (this.client.getQueryCache().findAll({ queryKey: key }).length === 0) return;
    const wait = Math.max(afterMs, (this.#last.get(name) ?? -Infinity) + everyMs - Date.now());
    const timer = setTimeout(() => {
      this.#waiting.delete(name);
      this.#forget();
      this.#last.set(name, Date.now());
      void this.client.invalidateQueries({ queryKey: key });
      if (this.#again.delete(name)) this.#add(stale);
    }, wait);
    this.#waiting.set(name, timer);
  }

  /** Credentials come and go; a tab may stay open for weeks. What still holds something back stays. */
  #forget(): void {
    if (this.#last.size < MANY) return;
    const over = Date.now() - LATER_MS;
    for (const [name, at] of this.#last) if (at <= over) this.#last.delete(name);
  }
}
