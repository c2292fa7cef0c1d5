import { useCallback, useMemo, useState } from 'react';

/** What is selected: some rows, or everything that the filter finds. */
export type Selection = { kind: 'ids'; ids: ReadonlySet<string> } | { kind: 'filter' };

export interface SelectionState {
  selection: Selection;
  isSelected: (id: string) => boolean;
  /** Of the rows of the page, exactly these are selected; those of other pages stay as they are. */
  setOnPage: (page: readonly string[], selected: readonly string[]) => void;
  selectAllMatching: () => void;
  clear: () => void;
}

const NOTHING: Selection = { kind: 'ids', ids: new Set() };

/** The selection of a list. It belongs to a filter (`scope`): with another filter nothing is selected. */
export function useSelection(scope: string): SelectionState {
  const [kept, setKept] = useState({ scope, selection: NOTHING });
  const selection = kept.scope === scope ? kept.selection : NOTHING;
  const set = useCallback((next: Selection) => setKept({ scope, selection: next }), [scope]);

  return useMemo(
    () => ({
      selection,
      isSelected: (id) => selection.kind === 'filter' || selection.ids.has(id),
      setOnPage: (page, selected) => {
        // Who takes one out of "all that match" goes on with the rows that are in sight.
        const next = new Set(selection.kind === 'ids' ? selection.ids : []);
        for (const id of page) next.delete(id);
        for (const id of selected) next.add(id);
        set({ kind: 'ids', ids: next });
      },
      selectAllMatching: () => set({ kind: 'filter' }),
      clear: () => set(NOTHING),
    }),
    [selection, set],
  );
}
