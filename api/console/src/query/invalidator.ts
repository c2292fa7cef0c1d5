import type { QueryClient } from '@tanstack/react-query';
import type { Stale } from './events';

/** Collects what has become old and has it read anew, each kind at most once in its time. */
export class Invalidator {
  readonly #last = new Map<string, number>();
  readonly #waiting = new Map<string, ReturnType<typeof setTimeout>>();

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
  }

  #add({ key, everyMs }: Stale): void {
    const name = JSON.stringify(key);
    if (this.#waiting.has(name)) return;
    const wait = Math.max(0, (this.#last.get(name) ?? -Infinity) + everyMs - Date.now());
    const timer = setTimeout(() => {
      this.#waiting.delete(name);
      // Credentials come and go; a tab may stay open for weeks.
      if (this.#last.size > 200) this.#last.clear();
      this.#last.set(name, Date.now());
      void this.client.invalidateQueries({ queryKey: key });
    }, wait);
    this.#waiting.set(name, timer);
  }
}
