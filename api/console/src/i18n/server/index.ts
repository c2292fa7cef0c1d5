import type { Translate } from './catalogue';

export type { Translate } from './catalogue';

/** There when the first sentence is to be shown in Chinese, and not before: most pages show none. */
let chinese: Translate | null = null;
let loading: Promise<void> | null = null;
const listeners = new Set<() => void>();

/** Chinese for what the server says; `null` until it was loaded. */
export const serverChinese = (): Translate | null => chinese;

export function onServerChinese(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Loads it, once. Where it is not there any more because the server was updated, sentences stay as they are. */
export function loadServerChinese(): Promise<void> {
  loading ??= Promise.all([import('./catalogue'), import('./zh.json')]).then(
    ([{ translator }, { default: catalogue }]) => {
      chinese = translator(catalogue);
      for (const listener of listeners) listener();
    },
    () => {
      loading = null;
    },
  );
  return loading;
}
