import ts from 'typescript';
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

const SOURCES = import.meta.glob<string>(
  ['../**/*.{ts,tsx}', '!../**/*.test.{ts,tsx}', '!../test/**', '!../api/schema.d.ts', '!../i18n/**'],
  { query: '?raw', import: 'default', eager: true },
);

/** Looked up by what the server sends: which of these exist is not said in the sources. */
const OPEN = new Set(['errors', 'codes']);
const NAMESPACES = Object.keys(en);
/** What a key is made of, the name of its file in front. */
const KEY_PART = /^[\w.:]*$/;

interface Said {
  /** The texts that it may mean when it names no file. */
  namespaces: Set<string>;
  keys: Set<string>;
  /** Keys with something put in: `state.${name}`. */
  patterns: RegExp[];
}

function said(path: string, text: string): Said {
  const found: Said = { namespaces: new Set(['common']), keys: new Set(), patterns: [] };
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) {
      if (NAMESPACES.includes(node.text)) found.namespaces.add(node.text);
      found.keys.add(node.text);
    }
    if (ts.isTemplateExpression(node)) {
      const parts = [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
      // Addresses and sentences are put together as well; a key begins with a name.
      if (parts[0] !== '' && parts.every((part) => KEY_PART.test(part)))
        found.patterns.push(new RegExp(`^${parts.map((part) => part.replaceAll('.', '\\.')).join('.+')}$`));
    }
    ts.forEachChild(node, visit);
  };
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, kind));
  return found;
}

it('every text is used', () => {
  const files = Object.entries(SOURCES).map(([path, text]) => said(path, text));
  expect(files.length).toBeGreaterThan(100);
  const used = (namespace: string, key: string) =>
    files.some(({ namespaces, keys: named, patterns }) => {
      const ways = [`${namespace}:${key}`, ...(namespaces.has(namespace) ? [key] : [])];
      return ways.some((way) => named.has(way) || patterns.some((pattern) => pattern.test(way)));
    });
  const unused = Object.entries(en)
    .filter(([namespace]) => !OPEN.has(namespace))
    .flatMap(([namespace, texts]) =>
      [...new Set(keys(texts))].filter((key) => !used(namespace, key)).map((key) => `${namespace}:${key}`),
    );
  expect(unused).toEqual([]);
});
