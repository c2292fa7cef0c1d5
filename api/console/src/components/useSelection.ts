import { useCallbackRef } from '@mantine/hooks';
import { useMemo, useState } from 'react';

/** What is selected: some rows, or everything that the filter finds. */
export type Selection = { kind: 'ids'; ids: ReadonlySet<string> } | { kind: 'filter' };

export interface SelectionState {
  selection: Selection;
  isSelected: (id: string) => boolean;
  /** Of the rows of the page, exactly these are selected; those of other pages stay as they are. */
  setOnPage: (page: readonly string[], selected: Iterable<string>) => void;
  /** Selects `last` or takes it out, and with it the rows of the page from `first` to it. */
  toggle: (page: readonly string[], first: string, last: string) => void;
  selectAllMatching: () => void;
  clear: () => void;
}

const NOTHING: Selection = { kind: 'ids', ids: new Set() };

/** The selection of a list. It belongs to a filter (`scope`): with another filter nothing is selected. */
export function useSelection(scope: string): SelectionState {
  const [kept, setKept] = useState({ scope, selection: NOTHING });
  const selection = kept.scope === scope ? kept.selection : NOTHING;
  // Tables draw their rows again when this is another thing; with another filter alone it is not.
  const set = useCallbackRef((next: Selection) => setKept({ scope, selection: next }));

  return useMemo(() => {
    const isSelected = (id: string) => selection.kind === 'filter' || selection.ids.has(id);
    const setOnPage = (page: readonly string[], selected: Iterable<string>) => {
      // Who takes one out of "all that match" goes on with the rows that are in sight.
      const next = new Set(selection.kind === 'ids' ? selection.ids : []);
      for (const id of page) next.delete(id);
      for (const id of selected) next.add(id);
      set({ kind: 'ids', ids: next });
    };
    return {
      selection,
      isSelected,
      setOnPage,
      toggle: (page, first, last) => {
        const next = new Set(page.filter(isSelected));
        const change = next.has(last) ? (id: string) => next.delete(id) : (id: string) => next.add(id);
        between(page, first, last).forEach(change);
        setOnPage(page, next);
      },
      selectAllMatching: () => set({ kind: 'filter' }),
      clear: () => set(NOTHING),
    };
  }, [selection, set]);
}

/** From one to the other, whichever stands first; only `last` where the other is not on the page. */
function between(page: readonly string[], first: string, last: string): readonly string[] {
  const from = page.indexOf(first);
  const to = page.indexOf(last);
  return from < 0 ? [last] : page.slice(Math.min(from, to), Math.max(from, to) + 1);
}
