import { api, Problem, unwrap } from '~/api';
import { DEFAULT_PROXY, type ProxyChoice } from '~/pickers';
import type { Job } from '~/jobs';
import { MOST_BYTES, type Source } from './sources';

/** What holds for rows that say nothing else. */
export interface Defaults {
  tag: string;
  proxy: ProxyChoice;
  client_id: string;
  biz_id_prefix: string;
  enabled: boolean;
  refresh_now: boolean;
  replace: boolean;
}

export const DEFAULTS: Defaults = {
  tag: '',
  proxy: DEFAULT_PROXY,
  client_id: '',
  biz_id_prefix: '',
  enabled: true,
  refresh_now: false,
  replace: false,
};

/** What a dry run was about: another one is needed where this changes. */
export function stampOf(sources: readonly Source[], defaults: Defaults): string {
  return JSON.stringify([sources.map(({ id }) => id), defaults]);
}

interface Wish {
  sources: readonly Source[];
  defaults: Defaults;
  dryRun: boolean;
  /** Sent twice, it is done once. */
  key: string;
}

export async function startImport({ sources, defaults, dryRun, key }: Wish): Promise<Job> {
  const size = sources.reduce((sum, { content }) => sum + content.size, 0);
  if (size > MOST_BYTES) throw new Problem('upload_too_large', 413);
  const { tag, proxy, client_id, biz_id_prefix, enabled, refresh_now, replace } = defaults;
  const text = (name: string, value: string) => (value.trim() === '' ? {} : { [name]: value.trim() });
  const form = new FormData();
  for (const { content, name } of sources) form.append('file', content, name);
  // A proxy's URL may hold a password, and addresses are logged.
  if (proxy.kind === 'own') form.append('proxy', proxy.url.trim());
  return unwrap(
    api.POST('/api/v1/imports', {
      params: {
        query: {
          ...text('tag', tag),
          ...text('client_id', client_id),
          ...text('biz_id_prefix', biz_id_prefix),
          ...(proxy.kind === 'named' ? { proxy_id: proxy.id } : {}),
          enabled,
          refresh_now,
          replace,
          dry_run: dryRun,
        },
        header: { 'Idempotency-Key': key },
      },
      // The document knows the bodies as texts; the browser sets the boundary of the form itself.
      body: form as unknown as string,
      bodySerializer: (body) => body,
    }),
  );
}
