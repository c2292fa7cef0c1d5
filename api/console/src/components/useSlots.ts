import { useState } from 'react';

/** Which row of the page's elements shows which row of the list. */
export type Slots = ReadonlyMap<string, number>;

/**
 * A row that comes is drawn with the elements of one that goes, at its place: making and placing a page of new ones takes longer than
 * everything else about another page. Those that stay keep theirs.
 */
export function useSlots<T>(rows: readonly T[], rowId: (row: T) => string): Slots {
  const [kept, setKept] = useState(() => ({ rows, slots: assign(new Map(), rows.map(rowId)) }));
  if (kept.rows === rows) return kept.slots;
  const slots = assign(kept.slots, rows.map(rowId));
  setKept({ rows, slots });
  return slots;
}

/** The slots of these rows, in their order, so that the next ones find those that become free in it. */
export function assign(before: Slots, ids: readonly string[]): Slots {
  const shown = new Set(ids);
  const free = [...before].filter(([id]) => !shown.has(id)).map(([, slot]) => slot);
  let unused = Math.max(-1, ...before.values()) + 1;
  const slotOf = (id: string) => before.get(id) ?? free.shift() ?? unused++;
  return new Map(ids.map((id) => [id, slotOf(id)]));
}
