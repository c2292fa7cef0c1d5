import { expect, it } from 'vitest';
import { assign } from './useSlots';

const first = assign(new Map(), ['a', 'b', 'c']);
const entries = (slots: ReadonlyMap<string, number>) => Object.fromEntries(slots);

it('gives those that come the slots of those that go, in order', () => {
  expect(entries(first)).toEqual({ a: 0, b: 1, c: 2 });
  expect(entries(assign(first, ['d', 'e', 'f']))).toEqual({ d: 0, e: 1, f: 2 });
});

it('leaves those that stay theirs, wherever they stand now', () => {
  const next = assign(first, ['d', 'a', 'b']);
  expect(entries(next)).toEqual({ d: 2, a: 0, b: 1 });
  // In the order in which they stand: what comes next is drawn at its place.
  expect(entries(assign(next, ['x', 'y', 'z']))).toEqual({ x: 2, y: 0, z: 1 });
});

it('never gives one slot to two', () => {
  const more = assign(first, ['c', 'd', 'e', 'f', 'a']);
  expect(new Set(more.values()).size).toBe(5);
  const fewer = assign(more, ['f']);
  const again = assign(fewer, ['f', 'g', 'h']);
  expect(new Set(again.values()).size).toBe(3);
});
