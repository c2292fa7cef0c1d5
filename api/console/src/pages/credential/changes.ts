import type { Schemas } from '~/api';
import { proxyFields, type ProxyChoice } from '~/pickers';
import type { Credential } from './query';

/** What can be edited, as a form has it. */
export interface Fields extends Record<string, unknown> {
  biz_id: string;
  tag: string;
  memo: string;
  client_id: string;
  proxy: ProxyChoice;
}

export function fieldsOf({ biz_id, tag, memo, client_id, proxy, proxy_id }: Credential): Fields {
  return {
    biz_id,
    tag,
    memo,
    client_id,
    proxy:
      proxy_id != null
        ? { kind: 'named', id: proxy_id }
        : proxy != null
          ? // Its own URL is a secret: it can be kept or replaced, not edited.
            { kind: 'keep' }
          : { kind: 'default' },
  };
}

const TEXTS = ['biz_id', 'tag', 'memo', 'client_id'] as const;

function sameProxy(a: ProxyChoice, b: ProxyChoice): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Only what differs is sent: what others change elsewhere stays. */
export function changeOf(from: Fields, to: Fields): Schemas['Change'] {
  const change: Schemas['Change'] = {};
  if (to.biz_id !== from.biz_id) change.biz_id = to.biz_id.trim();
  if (to.tag !== from.tag) change.tag = to.tag.trim() === '' ? null : to.tag.trim();
  if (to.memo !== from.memo) change.memo = to.memo === '' ? null : to.memo;
  if (to.client_id !== from.client_id)
    change.client_id = to.client_id.trim() === '' ? null : to.client_id.trim();
  if (!sameProxy(from.proxy, to.proxy)) Object.assign(change, proxyFields(to.proxy));
  return change;
}

export interface Conflict {
  field: keyof Credential & ('biz_id' | 'tag' | 'memo' | 'client_id' | 'proxy' | 'enabled');
  before: string | boolean | null;
  now: string | boolean | null;
}

/** What somebody else changed since the form was opened. */
export function conflicts(before: Credential, now: Credential): readonly Conflict[] {
  return [...TEXTS, 'proxy' as const, 'enabled' as const].flatMap((field) => {
    const [a, b] = [before[field] ?? null, now[field] ?? null];
    return a === b ? [] : [{ field, before: a, now: b }];
  });
}

/** What was typed, on top of what is there now. */
export function rebased(from: Fields, typed: Fields, now: Fields): Fields {
  const touched = Object.entries(typed).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(from[name]),
  );
  return { ...now, ...Object.fromEntries(touched) };
}
