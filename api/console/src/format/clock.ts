import { useSyncExternalStore } from 'react';

/**
 * The one clock of the page: however many countdowns are shown, one timer runs, and none where nothing is shown or
 * the tab is hidden.
 */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  if (document.visibilityState === 'hidden') return;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/**
 * The time in ms, rounded down to so many seconds: whoever shows minutes is drawn once a minute only.
 */
export function useNow(everySeconds = 1): number {
  const step = everySeconds * 1000;
  return useSyncExternalStore(subscribe, () => Math.floor(Date.now() / step) * step);
}

/** The time in ms so many seconds from now; for handlers, not for drawing. */
export function inSeconds(seconds: number): number {
  return Date.now() + seconds * 1000;
}
