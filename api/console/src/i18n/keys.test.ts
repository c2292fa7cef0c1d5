import { describe, expect, it } from 'vitest';
import en from './en';
import zh from './zh';

/** Chinese has one plural form, English two: the keys are compared without the form. */
function keys(texts: object, before = ''): string[] {
  return Object.entries(texts).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? keys(value, `${before}${name}.`)
      : [`${before}${name.replace(/_(?:zero|one|two|few|many|other)$/, '')}`],
  );
}

function texts(tree: object): string[] {
  return Object.values(tree).flatMap((value: unknown) =>
    typeof value === 'object' && value !== null ? texts(value) : [String(value)],
  );
}

const placeholders = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].sort();

function leaves(tree: object, before = ''): [string, string][] {
  return Object.entries(tree).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? leaves(value, `${before}${name}.`)
      : [[`${before}${name}`, String(value)] as [string, string]],
  );
}

describe('languages', () => {
  it('have the same keys', () => {
    expect(new Set(keys(zh))).toEqual(new Set(keys(en)));
  });

  it('leave no text empty', () => {
    expect([...texts(zh), ...texts(en)].filter((text) => text.trim() === '')).toEqual([]);
  });

  it('fill in the same values', () => {
    const english = new Map(leaves(en));
    const wrong = leaves(zh).filter(
      ([key, text]) =>
        english.has(key) && placeholders(text).join() !== placeholders(english.get(key) ?? '').join(),
    );
    expect(wrong).toEqual([]);
  });
});
