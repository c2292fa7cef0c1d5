import type { Schemas } from '~/api';
import type { Key, ReachKind, Scope } from './query';

/** How long a key shall be good. `keep`: as it is. */
export const EXPIRIES = ['never', '30', '90', '365', 'custom'] as const;
export type Expiry = (typeof EXPIRIES)[number] | 'keep';

/** Most tags or biz_ids of a key (docs/api.md). */
export const MOST_VALUES = 1_000;

const DAY_MS = 86_400_000;

// A form takes what is a record, and an interface is none.
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type KeyValues = {
  name: string;
  scopes: Scope[];
  kind: ReachKind;
  tags: string[];
  /** One on each line. */
  biz_ids: string;
  expiry: Expiry;
  /** As `<input type=datetime-local>` writes it. */
  expires_at: string;
  rate_limit_per_minute: number | string;
  enabled: boolean;
};

export function valuesOf(key: Key | undefined): KeyValues {
  const reach = key?.reach ?? { kind: 'all' as const, values: [] };
  const values = reach.values ?? [];
  return {
    name: key?.name ?? '',
    scopes: key?.scopes ?? ['get_at'],
    kind: reach.kind,
    tags: reach.kind === 'tags' ? values : [],
    biz_ids: reach.kind === 'biz_ids' ? values.join('\n') : '',
    expiry: key === undefined ? '365' : key.expires_at == null ? 'never' : 'keep',
    expires_at: '',
    rate_limit_per_minute: key?.rate_limit_per_minute ?? '',
    enabled: key?.enabled ?? true,
  };
}

export function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return [...new Set(lines.filter((line) => line !== ''))];
}

export function reachOf({ kind, tags, biz_ids }: KeyValues): Schemas['KeyReach'] {
  const values = kind === 'tags' ? tags : kind === 'biz_ids' ? linesOf(biz_ids) : [];
  return { kind, values };
}

/** `undefined`: stays as it is; null: never. */
export function expiryOf({ expiry, expires_at }: KeyValues, nowMs: number): string | null | undefined {
  if (expiry === 'keep') return undefined;
  if (expiry === 'never') return null;
  const at = expiry === 'custom' ? Date.parse(expires_at) : nowMs + Number(expiry) * DAY_MS;
  // What is no time goes to the server as it was typed, which says so at the field.
  return Number.isNaN(at) ? expires_at : new Date(at).toISOString();
}

/** What is sent; to a key that is there, too: the server compares. */
export function bodyOf(values: KeyValues, nowMs: number) {
  const expires_at = expiryOf(values, nowMs);
  return {
    name: values.name,
    scopes: values.scopes,
    reach: reachOf(values),
    rate_limit_per_minute:
      typeof values.rate_limit_per_minute === 'number' ? values.rate_limit_per_minute : null,
    enabled: values.enabled,
    ...(expires_at === undefined ? {} : { expires_at }),
  };
}
