import { createContext, use, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { keepPreference, readPreference } from '~/preferences';

interface Shortcut {
  /** One key, or two after one another: `g c`. */
  keys: string;
  label: string;
}

interface Registry {
  shortcuts: readonly Shortcut[];
  enabled: boolean;
  setEnabled: (enabled: boolean) => void;
  register: (shortcut: Shortcut, act: () => void) => () => void;
}

const Shortcuts = createContext<Registry | null>(null);

/** Time within which the second key of a pair has to come. */
const PAIR_MS = 1_000;
const PREFERENCE = 'single-keys';

function typesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest('input:not([type=checkbox]):not([type=radio]),textarea,select,[role=dialog]') !== null)
  );
}

/** Keeps what can be done by single keys, for the keyboard and for the help that lists it. */
export function ShortcutProvider({ children }: { children: ReactNode }) {
  const acts = useRef(new Map<string, () => void>());
  const [shortcuts, setShortcuts] = useState<readonly Shortcut[]>([]);
  const [enabled, setEnabled] = useState(() => readPreference(PREFERENCE) !== false);

  useEffect(() => {
    if (!enabled) return;
    let before = { key: '', at: 0 };
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typesText(event.target))
        return;
      const pair = event.timeStamp - before.at < PAIR_MS ? `${before.key} ${event.key}` : event.key;
      before = { key: event.key, at: event.timeStamp };
      const act = acts.current.get(pair) ?? acts.current.get(event.key);
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [enabled]);

  const registry = useMemo<Registry>(
    () => ({
      shortcuts,
      enabled,
      setEnabled: (next) => {
        setEnabled(next);
        keepPreference(PREFERENCE, next);
      },
      register: (shortcut, act) => {
        acts.current.set(shortcut.keys, act);
        setShortcuts((old) => [...old.filter(({ keys }) => keys !== shortcut.keys), shortcut]);
        return () => {
          if (acts.current.get(shortcut.keys) !== act) return;
          acts.current.delete(shortcut.keys);
          setShortcuts((old) => old.filter(({ keys }) => keys !== shortcut.keys));
        };
      },
    }),
    [shortcuts, enabled],
  );
  return <Shortcuts value={registry}>{children}</Shortcuts>;
}

/** Does `act` on a key, as long as the caller is shown; the help lists it by its label. */
export function useShortcut(keys: string, label: string, act: () => void): void {
  const register = use(Shortcuts)?.register;
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  const stable = useRef(register);
  useEffect(() => {
    stable.current = register;
  });
  useEffect(() => stable.current?.({ keys, label }, () => latest.current()), [keys, label]);
}

export function useShortcuts(): Pick<Registry, 'shortcuts' | 'enabled' | 'setEnabled'> {
  return use(Shortcuts) ?? { shortcuts: [], enabled: false, setEnabled: () => undefined };
}
