import { useMemo, useState } from 'react';

export interface Cursor<C> {
  /** What to give to the server for the part that is shown; `undefined`: the first one. */
  at: C | undefined;
  /** Number of the part, from 0. */
  part: number;
  next: (cursor: C) => void;
  previous: () => void;
  first: () => void;
}

/**
 * The place in a list that the server gives out in parts, each of which names the next one. It belongs to a question
 * (`scope`): another question begins at the first part.
 */
export function useCursor<C extends string | number>(scope: string): Cursor<C> {
  const [kept, setKept] = useState<{ scope: string; path: readonly C[] }>({ scope, path: [] });
  return useMemo(() => {
    const path = kept.scope === scope ? kept.path : [];
    const set = (next: readonly C[]) => setKept({ scope, path: next });
    return {
      at: path.at(-1),
      part: path.length,
      // Pressed twice, it leads no further than the part that is coming.
      next: (cursor) => {
        if (path.at(-1) !== cursor) set([...path, cursor]);
      },
      previous: () => set(path.slice(0, -1)),
      first: () => set([]),
    };
  }, [kept, scope]);
}
