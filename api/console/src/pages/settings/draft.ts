import type { Setting, SettingsDocument, SettingsVersion } from './query';
import { faultOf, same, without, type Fault } from './values';

/** What somebody wants to save, as the server takes it: by key, null removes what is saved here, `''` unsets. */
export type Draft = Readonly<Record<string, unknown>>;

/** A draft with one more change; what is as it was is no change. */
export function edited(draft: Draft, setting: Setting, value: unknown): Draft {
  return same(value, setting.value) ? without(draft, setting.key) : { ...draft, [setting.key]: value };
}

/** Removes what is saved here, so that the file, or the default, holds again. */
export function reset(draft: Draft, { key }: Setting): Draft {
  return { ...draft, [key]: null };
}

export function reverted(draft: Draft, key: string): Draft {
  return without(draft, key);
}

export const isReset = (draft: Draft, key: string) => draft[key] === null;

/** Faults of a draft by key. */
export function faults(settings: readonly Setting[], draft: Draft): Readonly<Record<string, Fault>> {
  const found = settings.flatMap((setting) => {
    if (!(setting.key in draft) || isReset(draft, setting.key)) return [];
    const fault = faultOf(setting, draft[setting.key]);
    return fault === null ? [] : [[setting.key, fault] as const];
  });
  return Object.fromEntries(found);
}

export interface Difference {
  key: string;
  before: unknown;
  after: unknown;
}

/** What another version of the settings changed. */
export function differences(before: SettingsDocument, after: SettingsDocument): readonly Difference[] {
  const old = new Map(before.settings.map((setting) => [setting.key, setting]));
  return after.settings.flatMap(({ key, value }) => {
    const was = old.get(key)?.value;
    return same(was, value) ? [] : [{ key, before: was, after: value }];
  });
}

/** A draft on the ground of another version: what that has already is no change any more. */
export function rebased(draft: Draft, onto: SettingsDocument): Draft {
  const settings = new Map(onto.settings.map((setting) => [setting.key, setting]));
  const kept = Object.entries(draft).filter(([key, value]) => {
    const setting = settings.get(key);
    if (setting === undefined || setting.locked) return false;
    return value === null ? setting.saved !== null : !same(value, setting.value);
  });
  return Object.fromEntries(kept);
}

/**
 * The draft that brings back what was saved in a version. `versions` are all those since, and the version itself, the
 * newest first, as the history lists them: each tells what it changed, so they are taken back one after another.
 */
export function restoring(
  document: SettingsDocument,
  versions: readonly SettingsVersion[],
  version: number,
): { draft: Draft; locked: readonly string[] } {
  const saved = new Map(document.settings.map(({ key, saved: value }) => [key, value ?? null]));
  for (const { version: number, changes } of versions) {
    if (number <= version) break;
    for (const [key, { from }] of Object.entries(changes)) saved.set(key, from ?? null);
  }
  const draft: Record<string, unknown> = {};
  const locked: string[] = [];
  for (const setting of document.settings) {
    const then = saved.get(setting.key) ?? null;
    // An unset value is saved as an empty text, and null is: nothing is saved. These differ here.
    if (JSON.stringify(then) === JSON.stringify(setting.saved ?? null)) continue;
    if (setting.locked) locked.push(setting.key);
    else draft[setting.key] = then;
  }
  return { draft, locked };
}
