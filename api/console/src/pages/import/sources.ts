/**
 * What somebody wants to import. It is kept as bytes and never as a value of an input: nothing of it stands in the
 * page, and a hundred thousand lines slow nothing down.
 */
export interface Source {
  id: string;
  name: string;
  content: Blob;
  form: SourceForm;
  /** Lines that are not empty; `null` where counting means nothing. */
  lines: number | null;
}

/** What a text looks like at first sight. The server decides; this only says it sooner. */
export type SourceForm = 'zip' | 'json' | 'jsonl' | 'csv' | 'fields' | 'lines' | 'empty';

/** Largest request that the server takes (docs/api.md, "POST /api/v1/imports"). */
export const MOST_BYTES = 64 * 1024 * 1024;
/** What is looked at to recognise a form. */
const HEAD_BYTES = 64 * 1024;
/** Beyond this the lines are not counted: it would take seconds. */
const COUNTED_BYTES = 16 * 1024 * 1024;

let made = 0;

export async function sourceOf(content: Blob, name: string): Promise<Source> {
  made += 1;
  const head = new Uint8Array(await content.slice(0, HEAD_BYTES).arrayBuffer());
  const form = recognise(head);
  const counted = form !== 'zip' && form !== 'json' && content.size <= COUNTED_BYTES;
  const lines = counted ? countLines(await content.text()) : null;
  return { id: String(made), name, content, form, lines };
}

export function recognise(head: Uint8Array): SourceForm {
  // "PK" with a local header, or an empty archive.
  if (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) return 'zip';
  const lines = new TextDecoder()
    .decode(head)
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const first = lines[0];
  if (first === undefined) return 'empty';
  if (first.startsWith('[')) return 'json';
  if (first.startsWith('{')) return isObject(first) && lines.length > 1 ? 'jsonl' : 'json';
  if (/(?:^|[,;\t"])refresh_token(?:$|[,;\t"])/i.test(first)) return 'csv';
  return lines.some((line) => /----|\||\t|[,;]/.test(line)) ? 'fields' : 'lines';
}

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}

function countLines(text: string): number {
  let count = 0;
  for (const line of text.split('\n')) if (line.trim() !== '') count += 1;
  return count;
}
