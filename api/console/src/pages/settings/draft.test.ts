import { describe, expect, it } from 'vitest';
import { differences, edited, faults, rebased, restoring } from './draft';
import { grouped } from './groups';
import type { Setting, SettingsDocument } from './query';
import { faultOf, timeParts, timeUnitOf, unitOf } from './values';

function setting(key: string, change: Partial<Setting> = {}): Setting {
  return {
    key,
    description: `What ${key} is.`,
    value: 60,
    default: 60,
    saved: null,
    source: 'default',
    place: 'default',
    locked: false,
    ignored: null,
    type: 'integer',
    optional: false,
    minimum: 1,
    maximum: 31_536_000,
    choices: null,
    ...change,
  };
}

const document = (version: number, ...settings: Setting[]): SettingsDocument => ({ version, settings });

describe('drafts', () => {
  const one = setting('refresh.lead_seconds', { value: 60 });

  it('hold what differs, and nothing else', () => {
    const draft = edited({}, one, 90);
    expect(draft).toEqual({ 'refresh.lead_seconds': 90 });
    expect(edited(draft, one, 60)).toEqual({});
  });

  it('tell unset from what is not saved', () => {
    const days = setting('refresh.interval_days', { optional: true, value: 10, saved: 10 });
    expect(edited({}, days, '')).toEqual({ 'refresh.interval_days': '' });
    expect(edited({}, { ...days, value: null }, '')).toEqual({});
  });

  it('know what cannot be right before the server is asked', () => {
    expect(faults([one], { [one.key]: 0 })).toEqual({
      [one.key]: { kind: 'range', least: 1, most: 31_536_000 },
    });
    expect(faultOf(one, '')).toEqual({ kind: 'required' });
    expect(faultOf({ ...one, optional: true }, '')).toBeNull();
    expect(faultOf({ ...one, type: 'integers' }, [600, ''])).toEqual({ kind: 'required' });
    // Removing what is saved is never wrong.
    expect(faults([one], { [one.key]: null })).toEqual({});
  });

  it('go on upon what somebody else saved', () => {
    const before = document(1, one, setting('worker.concurrency', { value: 8 }), setting('a.b'));
    const after = document(
      2,
      { ...one, value: 90, saved: 90 },
      setting('worker.concurrency', { value: 16, saved: 16 }),
      setting('a.b', { locked: true }),
    );
    expect(differences(before, after)).toEqual([
      { key: one.key, before: 60, after: 90 },
      { key: 'worker.concurrency', before: 8, after: 16 },
    ]);
    // What they saved as well is no change any more, and what is locked by now cannot be one.
    expect(rebased({ [one.key]: 90, 'worker.concurrency': 32, 'a.b': 5 }, after)).toEqual({
      'worker.concurrency': 32,
    });
  });
});

describe('the history', () => {
  const versions = [
    { version: 3, saved_by: 'ann', saved_at: '', changes: { 'a.x': { from: 5, to: null } } },
    {
      version: 2,
      saved_by: 'ann',
      saved_at: '',
      changes: { 'a.x': { from: 4, to: 5 }, 'a.y': { from: null, to: '' }, 'a.z': { from: 1, to: 2 } },
    },
    { version: 1, saved_by: 'bob', saved_at: '', changes: { 'a.x': { from: null, to: 4 } } },
  ];
  const now = document(
    3,
    setting('a.x'),
    setting('a.y', { optional: true, value: null, saved: '' }),
    setting('a.z', { saved: 2, locked: true }),
  );

  it('leads back through all versions since', () => {
    expect(restoring(now, versions, 1)).toEqual({ draft: { 'a.x': 4, 'a.y': null }, locked: ['a.z'] });
    expect(restoring(now, versions, 2)).toEqual({ draft: { 'a.x': 5 }, locked: [] });
    expect(restoring(now, versions, 3)).toEqual({ draft: {}, locked: [] });
  });
});

describe('settings of later versions', () => {
  it('are shown, with the unit that their name tells', () => {
    const fresh = setting('refresh.brand_new_seconds');
    expect(grouped([fresh, setting('refresh.auto')]).map(([name]) => name)).toEqual(['schedule', 'other']);
    expect(unitOf(fresh.key)).toBe('seconds');
    expect(unitOf('server.port')).toBe('none');
  });
});

describe('times', () => {
  it('are said in the unit that people use, and never rounded', () => {
    expect(timeUnitOf(86_400)).toBe('d');
    expect(timeUnitOf(5_400)).toBe('m');
    expect(timeUnitOf(90)).toBe('s');
    expect(timeParts(90_061)).toEqual([
      ['d', 1],
      ['h', 1],
      ['m', 1],
      ['s', 1],
    ]);
    expect(timeParts(0)).toEqual([['s', 0]]);
  });
});
