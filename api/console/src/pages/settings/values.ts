import type { Setting } from './query';

/**
 * What a number counts. Keys say it by how they end, so that a setting that comes with a later version is shown with
 * its unit as well.
 */
export type Unit = 'seconds' | 'days' | 'hours' | 'perSecond' | 'none';

export function unitOf(key: string): Unit {
  if (key.endsWith('_per_second')) return 'perSecond';
  if (key.endsWith('_seconds')) return 'seconds';
  if (key.endsWith('_days')) return 'days';
  if (key.endsWith('_hours')) return 'hours';
  return 'none';
}

export const TIME_UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;
export type TimeUnit = (typeof TIME_UNITS)[number][0];

export const sizeOf = (unit: TimeUnit) => TIME_UNITS.find(([name]) => name === unit)?.[1] ?? 1;

/** The largest unit in which a time is a whole number. */
export function timeUnitOf(seconds: number): TimeUnit {
  if (!Number.isFinite(seconds) || seconds <= 0) return 's';
  return TIME_UNITS.find(([, size]) => seconds % size === 0)?.[0] ?? 's';
}

/** A time in its parts, nothing rounded: what somebody is about to save must not be an approximation. */
export function timeParts(seconds: number): readonly (readonly [TimeUnit, number])[] {
  let rest = Math.max(0, Math.floor(seconds));
  const parts = TIME_UNITS.map(([unit, size]) => {
    const n = Math.floor(rest / size);
    rest -= n * size;
    return [unit, n] as const;
  }).filter(([, n]) => n > 0);
  return parts.length > 0 ? parts : [['s', 0]];
}

/** Nothing is set: the server shows null, and an empty text asks for it. */
export function isUnset(value: unknown): boolean {
  return value === null || value === undefined || value === '';
}

/** Texts are compared as the server would read them: `8` and `"8"` are the same setting. */
export function same(left: unknown, right: unknown): boolean {
  if (isUnset(left) || isUnset(right)) return isUnset(left) && isUnset(right);
  return JSON.stringify(left) === JSON.stringify(right);
}

export type Fault = { kind: 'required' | 'whole' } | { kind: 'range'; least: number; most: number | null };

/** What can be seen to be wrong before the server is asked; it knows the rest, such as settings that contradict. */
export function faultOf({ type, optional, minimum, maximum }: Setting, value: unknown): Fault | null {
  if (isUnset(value)) return optional ? null : { kind: 'required' };
  if (type === 'text') return typeof value === 'string' && value.trim() === '' ? { kind: 'required' } : null;
  if (type !== 'integer' && type !== 'integers') return null;
  const numbers: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (numbers.some(isUnset)) return { kind: 'required' };
  if (!numbers.every((number) => typeof number === 'number' && Number.isSafeInteger(number)))
    return { kind: 'whole' };
  const [least, most] = [minimum ?? 0, maximum ?? null];
  const fits = numbers.every(
    (number) => Number(number) >= least && (most === null || Number(number) <= most),
  );
  return fits ? null : { kind: 'range', least, most };
}

export function without<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
