/**
 * Sentences of the server in another language. The English sentence is the key, with slots for what the server puts in:
 *
 *     "has more than {number} characters": "超过 {number} 个字符"
 *
 * A slot's name begins with its kind, and the translation names it again, wherever it belongs there.
 */
export interface Catalogue {
  readonly sentences: Readonly<Record<string, string>>;
  /** What stands in slots only: never looked up by itself. */
  readonly parts: Readonly<Record<string, string>>;
}

/** What may stand in a slot; where it is something else, the sentence is another one. */
const KINDS = {
  /** Digits. */
  number: (text: string) => /^[\d.]+$/.test(text),
  /** Anything without a blank: an id, a key, a path. */
  word: (text: string) => !/\s/.test(text),
  /** Anything: a name that somebody gave, a list. */
  text: () => true,
  /** Something of the server's own, which has to be in the catalogue. */
  part: () => true,
  /** A sentence of the server's own or of somebody else: translated where it is in the catalogue. */
  said: () => true,
};
type Kind = keyof typeof KINDS;

const isKind = (text: string): text is Kind => Object.hasOwn(KINDS, text);

/** Longest text that is looked at: what the server says itself is far shorter. */
const LONGEST = 4096;
/** What several sentences are joined by, and what may stand inside of one. */
const JOINT = '; ';
const CHINESE_JOINT = '；';
/** Most pieces between joints: of a sentence of ours, and of all that are joined. */
const MOST_PIECES = 4;
const MOST_JOINED = 64;
/** Parts inside of parts. */
const DEEPEST = 3;

const SLOT = /\{(\w+)\}/;
/** A field's name in front of what is wrong with it. */
const FIELD = /^([A-Za-z][\w.-]{0,99}): /;

interface Slot {
  name: string;
  kind: Kind;
}

interface Pattern {
  /** What stands before, between and behind the slots: one more than there are slots. */
  literals: readonly string[];
  slots: readonly Slot[];
  translation: string;
}

interface Index {
  exact: ReadonlyMap<string, string>;
  /** The one that says most of a sentence comes first. */
  patterns: readonly Pattern[];
}

/** The slots of a text, by their names. */
export function slotsOf(text: string): readonly string[] {
  return text.split(SLOT).filter((_, at) => at % 2 === 1);
}

function patternOf(source: string, translation: string): Pattern {
  const pieces = source.split(SLOT);
  const slots = slotsOf(source).map((name) => {
    const kind = name.replace(/\d+$/, '');
    if (!isKind(kind)) throw new TypeError(`{${name}} is of no kind: ${source}`);
    return { name, kind };
  });
  return { literals: pieces.filter((_, at) => at % 2 === 0), slots, translation };
}

function indexOf(texts: Readonly<Record<string, string>>): Index {
  const entries = Object.entries(texts);
  const weight = ({ literals }: Pattern) => literals.reduce((sum, literal) => sum + literal.length, 0);
  return {
    exact: new Map(entries.filter(([source]) => !SLOT.test(source))),
    patterns: entries
      .filter(([source]) => SLOT.test(source))
      .map(([source, translation]) => patternOf(source, translation))
      .sort((one, other) => weight(other) - weight(one)),
  };
}

/** What stands in the slots. Each ends at the first place where what follows can begin, so a text is gone through once. */
function valuesOf({ literals, slots }: Pattern, text: string): readonly string[] | null {
  const [first = '', ...others] = literals;
  const last = others.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return null;
  const end = text.length - last.length;
  const values: string[] = [];
  let at = first.length;
  for (const literal of others) {
    const next = text.indexOf(literal, at + 1);
    if (next < 0 || next + literal.length > end) return null;
    values.push(text.slice(at, next));
    at = next + literal.length;
  }
  if (at >= end) return null;
  values.push(text.slice(at, end));
  return slots.every(({ kind }, slot) => KINDS[kind](values[slot] ?? '')) ? values : null;
}

const HAN = /\p{Script=Han}/u;

/** What stands beside each other, with a blank where Chinese meets what is not, as it is written in the catalogue. */
function apart(before: string, behind: string): string {
  const [left, right] = [before.at(-1) ?? '', behind.at(0) ?? ''];
  const meet = (HAN.test(left) && /[\w`/+-]/.test(right)) || (/\w/.test(left) && HAN.test(right));
  return meet ? ' ' : '';
}

/** A translation with what belongs into its slots. */
function filled(translation: string, values: ReadonlyMap<string, string>): string {
  return translation.split(SLOT).reduce((text, piece, at) => {
    if (at === 0) return piece;
    const isSlot = at % 2 === 1;
    const next = isSlot ? (values.get(piece) ?? '') : piece;
    return text + apart(text, next) + next;
  }, '');
}

interface Piece {
  source: string;
  translation: string | null;
}

/** A sentence as it is shown; itself, where it is not in the catalogue. */
export type Translate = (sentence: string) => string;

export function translator(catalogue: Catalogue): Translate {
  const sentences = indexOf(catalogue.sentences);
  const parts = indexOf(catalogue.parts);

  /** With what stands in the slots; `null` where a part is not known. */
  const put = ({ slots, translation }: Pattern, values: readonly string[], depth: number): string | null => {
    const texts = new Map<string, string>();
    for (const [at, { name, kind }] of slots.entries()) {
      const value = values[at] ?? '';
      const known = kind === 'part' || kind === 'said' ? part(value, depth + 1) : value;
      if (known === null && kind === 'part') return null;
      texts.set(name, known ?? value);
    }
    return filled(translation, texts);
  };

  const found = ({ exact, patterns }: Index, text: string, depth: number): string | null => {
    const whole = exact.get(text);
    if (whole !== undefined) return whole;
    for (const pattern of patterns) {
      const values = valuesOf(pattern, text);
      const shown = values === null ? null : put(pattern, values, depth);
      if (shown !== null) return shown;
    }
    return null;
  };

  /** One sentence, with the name of its field in front or without. */
  const one = (text: string, depth: number): string | null => {
    const whole = found(sentences, text, depth);
    if (whole !== null) return whole;
    const field = FIELD.exec(text);
    if (field === null) return null;
    const rest = found(sentences, text.slice(field[0].length), depth);
    return rest === null ? null : `${field[1] ?? ''}：${rest}`;
  };

  /** What a text of joined sentences consists of: each piece is the longest that is known, or one that is not. */
  const pieces = (text: string, depth: number): readonly Piece[] => {
    const rest = text.split(JOINT);
    const shown: Piece[] = [];
    if (rest.length > MOST_JOINED) return [{ source: text, translation: null }];
    while (rest.length > 0) {
      const most = rest.slice(0, MOST_PIECES);
      const tries = most.map((_, at) => most.slice(0, most.length - at));
      const known = tries.flatMap((some) => {
        const translation = one(some.join(JOINT), depth);
        return translation === null ? [] : [{ count: some.length, translation }];
      })[0];
      shown.push({ source: rest[0] ?? '', translation: known?.translation ?? null });
      rest.splice(0, known?.count ?? 1);
    }
    return shown;
  };

  function part(text: string, depth: number): string | null {
    if (depth > DEEPEST) return null;
    const known = found(parts, text, depth) ?? one(text, depth);
    if (known !== null || !text.includes(JOINT)) return known;
    const translations = pieces(text, depth).map(({ translation }) => translation);
    return translations.includes(null) ? null : translations.join(CHINESE_JOINT);
  }

  return (sentence) => {
    if (sentence.length > LONGEST) return sentence;
    const known = one(sentence, 0);
    if (known !== null || !sentence.includes(JOINT)) return known ?? sentence;
    const all = pieces(sentence, 0);
    if (all.every(({ translation }) => translation === null)) return sentence;
    return all.map(({ source, translation }) => translation ?? source).join(CHINESE_JOINT);
  };
}
