interface Bracket {
  /** What stands before it: `FieldError::new`, `#[`, `FormError{`. */
  before: string;
  /** Where it stands. */
  at: number;
}

/** A text in a source of the server, with what it stands in. */
export interface Literal {
  text: string;
  /** The brackets that are open around it, the outermost first. */
  inside: readonly Bracket[];
  /** What the statement begins with: `let message`, `const RULE`. */
  statement: string;
}

const RAW = /b?r(#*)"/y;
const WORD = /[A-Za-z_]\w*/y;
const CHARACTER = /'(?:\\u\{[^}]*\}|\\[^u]|[^'\\])'/y;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

/** The texts of a source, without those of its tests. Reads as much of the language as this takes, and no more. */
export function literalsOf(source: string): readonly Literal[] {
  const tests = source.search(/^#\[cfg\(test\)\]\s+mod \w+ \{/m);
  const text = tests < 0 ? source : source.slice(0, tests);
  const found: Literal[] = [];
  const open: Bracket[] = [];
  let before = '';
  let statement: string[] = [];
  let at = 0;

  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const say = (said: string) => {
    found.push({ text: said, inside: [...open], statement: statement.slice(0, 2).join(' ') });
    before = '';
  };
  const quoted = () => {
    let said = '';
    at += 1;
    while (at < text.length && text[at] !== '"') {
      if (text[at] !== '\\') {
        said += text[at] ?? '';
        at += 1;
        continue;
      }
      const escaped = text[at + 1] ?? '';
      at += 2;
      // A line that goes on: blanks at its beginning do not count.
      if (escaped === '\n') while (/\s/.test(text[at] ?? '')) at += 1;
      else said += ESCAPES[escaped] ?? escaped;
    }
    at += 1;
    return said;
  };

  while (at < text.length) {
    const char = text[at] ?? '';
    if (text.startsWith('//', at)) {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
      continue;
    }
    const raw = match(RAW);
    if (raw !== null) {
      const begin = at + raw[0].length;
      const end = text.indexOf(`"${raw[1] ?? ''}`, begin);
      say(text.slice(begin, end));
      at = end + 1 + (raw[1] ?? '').length;
      continue;
    }
    if (char === '"') {
      say(quoted());
      continue;
    }
    const character = match(CHARACTER);
    if (character !== null) {
      at += character[0].length;
      before = '';
      continue;
    }
    const word = match(WORD);
    if (word !== null) {
      before = /[.:]$/.test(before) ? before + word[0] : word[0];
      statement.push(word[0]);
      at += word[0].length;
      continue;
    }
    if ('([{'.includes(char)) {
      open.push({ before: char === '(' ? before : before + char, at });
      before = '';
    } else if (')]}'.includes(char)) {
      open.pop();
      before = '';
    } else if ('.:!#'.includes(char)) {
      before = char === '#' ? char : before + char;
    } else if (char.trim() !== '') {
      before = '';
    }
    if ('{};'.includes(char)) statement = [];
    at += 1;
  }
  return found;
}
