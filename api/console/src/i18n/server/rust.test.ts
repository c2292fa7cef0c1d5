import { describe, expect, it } from 'vitest';
import { literalsOf, type Literal } from '~/test/rust';
import { translator } from './catalogue';
import catalogue from './zh.json';

/**
 * Reads what the server can say from its sources: a sentence there that has no Chinese fails here. Whatever looks like a sentence
 * counts, unless it stands where nothing is said to people on a page.
 */
const files = import.meta.glob<string>(
  [
    '../../../../src/{credentials,import,jobs,keys,named,settings,users}/**/*.rs',
    '../../../../src/routes/admin/*.rs',
    '../../../../src/auth/password.rs',
    '../../../../src/scheduler/abandon.rs',
    '../../../../../worker/src/{commit,finished,refresh}.rs',
    '../../../../../worker/src/recovery/behind.rs',
    '../../../../../shared/src/model/credential.rs',
    '../../../../../shared/src/openai/{proxy_url,refresh_token}.rs',
    // The document of the API is for programmers.
    '!../../../../src/routes/admin/{docs,document}.rs',
    '!../../../../src/**/tests/**',
    '!../../../../src/**/*tests.rs',
  ],
  { query: '?raw', import: 'default', eager: true },
);
const configuration = import.meta.glob<string>('../../../../../shared/src/config/*.rs', {
  query: '?raw',
  import: 'default',
  eager: true,
});

const outcomes = import.meta.glob<string>('../../../../../shared/src/model/attempt.rs', {
  query: '?raw',
  import: 'default',
  eager: true,
});
/** What a test of the server finds it to say. */
const listed = import.meta.glob<Record<string, (string | { says: string })[]>>(
  '../../../../src/import/tests/reasons.json',
  { import: 'default', eager: true },
);

type Source = readonly [path: string, literals: readonly Literal[]];
const read = (texts: Readonly<Record<string, string>>): readonly Source[] =>
  Object.entries(texts).map(([path, text]) => [path.replace(/^[./]+/, ''), literalsOf(text)]);
const sources = read(files);
const config = read(configuration);

/** Calls and attributes whose texts are for logs, programs and documents, or for problems whose code has a text of its own. */
const ELSEWHERE =
  /^(?:tracing|metrics)::|^(?:debug_)?assert|(?:^|\.)(?:expect|starts_with|description)$|^#!?\[$|^sql$|^Problem::(?:new|not_found|forbidden)$|^(?:conflict|failed)$/;
/** Errors that become such problems. */
const WITH_CODES = /^(?:(?:Import|Jobs?|Hash|Key|Named|Settings|Users)Error|Refused)\{$/;
/** The statements of handlers that make such problems, and what answers are called as files. */
const OF_ANSWERS = /^let (?:detail|disposition|headers)$|^const \w*QUERY$|^return Err Problem$/;
const NOT_SAID = [
  // Of queries, as above.
  /^the query takes /,
  // Kinds of contents.
  /; charset=utf-8$/,
  // Why a revocation failed: its code says as much.
  /^not sent: \{|^the upstream answered with status/,
  // How a file in a ZIP is named that has no name.
  /^entry \{/,
  // Only what is expected is said; it is a part of the catalogue.
  /^invalid selection, expected /,
];

const isSentence = (text: string) =>
  /^[a-z`{].*[a-z].*\S \S*[a-zA-Z{`]|^a \w/.test(text) && !text.includes('\n');

const stands = (literal: Literal, where: RegExp) => literal.inside.some(({ before }) => where.test(before));

function isSaid(path: string, literal: Literal): boolean {
  const { text, inside, statement } = literal;
  if (!isSentence(text) || NOT_SAID.some((pattern) => pattern.test(text))) return false;
  const attribute = inside.findLastIndex(({ before }) => before === '#[');
  if (inside[attribute + 1]?.before === 'error' && attribute >= 0) return !stands(literal, WITH_CODES);
  return !stands(literal, ELSEWHERE) && !(path.includes('routes/admin') && OF_ANSWERS.test(statement));
}

/** A text whose slots and numbers are alike, whatever they are called. */
const shape = (text: string) => text.replace(/\{[^{}]*\}|\b\d+\b/g, '{}');
/** The same without the name of a field in front, which the catalogue does not have. */
const behindField = (text: string) => text.replace(/^(?:\{\w*\}|[a-z][\w.]*): (?=\S)/, '');

const chinese = translator(catalogue);
const shapes = new Set(Object.keys({ ...catalogue.sentences, ...catalogue.parts }).map(shape));

/** Chinese to its end: of sentences that are joined none is left, which shows by three words of English. */
const isChinese = (text: string) => chinese(text) !== text && !/[a-z]+ [a-z]+ [a-z]+/.test(chinese(text));

function isKnown(text: string): boolean {
  const ways = [text, behindField(text)];
  return ways.some((way) => shapes.has(shape(way)) || (!way.includes('{') && isChinese(way)));
}

const unknown = (path: string, literals: readonly Literal[]) =>
  literals.flatMap(({ text }) => (isKnown(text) ? [] : [`${path}: ${text}`]));

describe('what the server says', () => {
  it('is found in its sources', () => {
    expect(sources.length).toBeGreaterThan(80);
    const said = sources.flatMap(([path, literals]) => literals.filter((one) => isSaid(path, one)));
    const texts = said.map(({ text }) => text);
    // In an attribute, a call, a constant, a match, a macro, over several lines.
    for (const text of [
      'the refresh token is empty',
      'names no proxy that there is',
      'this is not readable as JSON',
      'it was deleted before',
      'has {} fields, the header has {}; put fields with separators in quotes',
      'no field of the line looks like a refresh token; use CSV with a header line such as biz_id,refresh_token',
      'this is a ZIP inside a ZIP; unpack it and send it alone',
      'a quote is opened and never closed',
    ])
      expect(texts).toContain(text);
  });

  it('has Chinese', () => {
    const missing = sources.flatMap(([path, literals]) =>
      unknown(
        path,
        literals.filter((one) => isSaid(path, one)),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('has Chinese where a setting that the console saves does not fit', () => {
    const live = new Set(
      Object.values(configuration).flatMap((text) =>
        [...text.matchAll(/\blive (\w+\.\w+)/g)].map(([, key]) => key),
      ),
    );
    expect(live.size).toBeGreaterThan(15);
    let found = 0;
    const missing = config.flatMap(([path, literals]) => {
      const call = ({ inside }: Literal) => inside.find(({ before }) => before === 'findings.error')?.at;
      const ofLive = new Set(literals.filter(({ text }) => live.has(text)).map(call));
      const said = literals.filter(
        (one) => call(one) !== undefined && ofLive.has(call(one)) && isSentence(one.text),
      );
      found += said.length;
      return unknown(path, said);
    });
    expect(found).toBeGreaterThan(8);
    expect(missing).toEqual([]);
  });

  it('has Chinese where a value of a setting is of another kind', () => {
    const of = (file: string) => config.find(([path]) => path.endsWith(`/${file}.rs`))?.[1] ?? [];
    const said = ['check', 'source', 'value'].flatMap((file) =>
      of(file).filter(({ text }) => isSentence(text)),
    );
    expect(said.length).toBeGreaterThan(8);
    expect(unknown('config', said)).toEqual([]);
    const expected = of('load').filter(({ text }) => text.startsWith('expected '));
    expect(expected).toHaveLength(1);
    expect(unknown('config', expected)).toEqual([]);
  });

  it('has Chinese for how an attempt ended', () => {
    const words = Object.values(outcomes)
      .flatMap(literalsOf)
      .filter((one) => stands(one, /^OutcomeKind\{$/));
    expect(words).not.toEqual([]);
    expect(words.filter(({ text }) => !(text in catalogue.parts))).toEqual([]);
  });

  it('has Chinese as it is put together', () => {
    const said = Object.values(listed)
      .flatMap((groups) => Object.values(groups).flat())
      .map((one) => (typeof one === 'string' ? one : one.says));
    expect(said.length).toBeGreaterThan(40);
    expect(said.filter((text) => !isChinese(text))).toEqual([]);
  });

  it('is all that the catalogue has', () => {
    const texts = [...sources, ...config].flatMap(([, literals]) => literals.map(({ text }) => text));
    const said = new Set(texts.flatMap((text) => [text, behindField(text)]));
    const saidShapes = new Set([...said].map(shape));
    const unsaid = Object.keys(catalogue.sentences).filter((source) => {
      if (saidShapes.has(shape(source)) || saidShapes.has(shape(`{message}; ${source}`))) return false;
      const one = translator({ sentences: { [source]: '!' }, parts: {} });
      return ![...said].some((text) => !text.includes('{') && one(text) === '!');
    });
    expect(unsaid).toEqual([]);
  });
});
