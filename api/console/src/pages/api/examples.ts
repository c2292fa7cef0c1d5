import type { Call, Use } from './calls';

/**
 * Examples that run as they stand. The key comes from the environment: what is copied into files, chats and histories
 * of shells holds no secret.
 */
export const KEY_VARIABLE = 'RTM_API_KEY';

export const EXAMPLE_LANGUAGES = ['curl', 'python', 'javascript'] as const;
export type ExampleLanguage = (typeof EXAMPLE_LANGUAGES)[number];

export interface Filled {
  /** With the prefix, without a slash at the end. */
  base: string;
  bizId: string;
}

/** Longer than the server lets a caller wait for a refresh (60 s by default). */
const SLOW_SECONDS = 75;
const SECONDS = 10;

const HEADER = 'X-API-Secret';

/** A word of a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A text in double quotes, as Python and JavaScript both read it; what is no ASCII stays as it is. */
const quoted = (text: string) => JSON.stringify(text);

/** JSON on one line with spaces, as people write it. */
export function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([name, one]) => `${quoted(name)}: ${inline(one)}`);
  return `{${entries.join(', ')}}`;
}

function curl(call: Call, { base, bizId }: Filled): string {
  const { method, path, scope, headers = {}, query, body } = call;
  const lines = [`curl${query ? ' -G' : method === 'POST' ? ' -X POST' : ''} ${shellWord(base + path)}`];
  if (scope !== null) lines.push(`-H "${HEADER}: $${KEY_VARIABLE}"`);
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${shellWord(`${name}: ${value}`)}`);
  for (const [name, value] of Object.entries(query?.(bizId) ?? {}))
    lines.push(`--data-urlencode ${shellWord(`${name}=${value}`)}`);
  if (body) lines.push(`-H 'Content-Type: application/json'`, `-d ${shellWord(inline(body(bizId)))}`);
  return lines.join(' \\\n  ');
}

const PYTHON: Record<Use, readonly string[]> = {
  token: ['print(answer["data"]["access_token"])'],
  items: [
    'for item in answer["data"]["items"]:',
    '    print(item["data"]["access_token"] if item["success"] else item["code"])',
  ],
  attempt: ['print(answer["data"].get("attempt_id"))'],
  state: ['print(answer["data"]["state"], answer["data"]["outcome"])'],
  plain: ['print(answer["status"])'],
};

function python(call: Call, { base, bizId }: Filled): string {
  const { method, path, scope, headers = {}, query, body, use, slow = false } = call;
  const sent = [
    ...(scope === null ? [] : [`${quoted(HEADER)}: os.environ[${quoted(KEY_VARIABLE)}]`]),
    ...Object.entries(headers).map(([name, value]) => `${quoted(name)}: ${quoted(value)}`),
  ];
  return [
    ...(scope === null ? [] : ['import os', '']),
    'import requests',
    '',
    `response = requests.${method.toLowerCase()}(`,
    `    ${quoted(base + path)},`,
    ...(sent.length > 0 ? [`    headers={${sent.join(', ')}},`] : []),
    ...(query ? [`    params=${inline(query(bizId))},`] : []),
    ...(body ? [`    json=${inline(body(bizId))},`] : []),
    `    timeout=${slow ? SLOW_SECONDS : SECONDS},`,
    ')',
    ...(headers['If-None-Match'] === undefined
      ? []
      : ['if response.status_code == 304:', '    raise SystemExit("not changed")']),
    'answer = response.json()',
    ...(use === 'plain' ? [] : ['if not answer["success"]:', '    raise SystemExit(answer["code"])']),
    ...PYTHON[use],
  ].join('\n');
}

const JAVASCRIPT: Record<Use, readonly string[]> = {
  token: ['console.log(answer.data.access_token);'],
  items: [
    'for (const item of answer.data.items) {',
    '  console.log(item.success ? item.data.access_token : item.code);',
    '}',
  ],
  attempt: ['console.log(answer.data.attempt_id);'],
  state: ['console.log(answer.data.state, answer.data.outcome);'],
  plain: ['console.log(answer.status);'],
};

function javascript(call: Call, { base, bizId }: Filled): string {
  const { method, path, scope, headers = {}, query, body, use, slow = false } = call;
  const sent = [
    ...(scope === null ? [] : [`    ${quoted(HEADER)}: process.env.${KEY_VARIABLE},`]),
    ...Object.entries(headers).map(([name, value]) => `    ${quoted(name)}: ${quoted(value)},`),
    ...(body ? ['    "Content-Type": "application/json",'] : []),
  ];
  const url = query ? 'url' : quoted(base + path);
  return [
    ...(query
      ? [
          `const url = new URL(${quoted(base + path)});`,
          `url.search = new URLSearchParams(${inline(query(bizId))});`,
        ]
      : []),
    `const response = await fetch(${url}, {`,
    ...(method === 'GET' ? [] : [`  method: ${quoted(method)},`]),
    ...(sent.length > 0 ? ['  headers: {', ...sent, '  },'] : []),
    ...(body ? [`  body: JSON.stringify(${inline(body(bizId))}),`] : []),
    `  signal: AbortSignal.timeout(${(slow ? SLOW_SECONDS : SECONDS) * 1000}),`,
    '});',
    ...(headers['If-None-Match'] === undefined
      ? []
      : ['if (response.status === 304) throw new Error("not changed");']),
    'const answer = await response.json();',
    ...(use === 'plain' ? [] : ['if (!answer.success) throw new Error(answer.code);']),
    ...JAVASCRIPT[use],
  ].join('\n');
}

const MAKERS: Record<ExampleLanguage, (call: Call, filled: Filled) => string> = { curl, python, javascript };

export function example(language: ExampleLanguage, call: Call, filled: Filled): string {
  return MAKERS[language](call, filled);
}
