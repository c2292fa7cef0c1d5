import type { QueryClient } from '@tanstack/react-query';
import { api, Problem, unwrap } from '~/api';
import { readinessQuery } from './query';

/** What cannot be read is said to be so: a report of a broken installation is what is wanted most. */
async function part(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return (await read()) ?? null;
  } catch (failure) {
    return { unavailable: failure instanceof Problem ? failure.code : 'internal' };
  }
}

/** Words in names of settings whose values nobody outside has to see. */
const SECRET = /secret|password|token(?!_url)|key/i;
/** `user:password@` in an address. */
const USERINFO = /(\w+:\/\/)[^\s/@]*@/g;

/** Takes out what looks like a secret. The answers of the server hold none; this is the second lock. */
export function scrub(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(USERINFO, '$1…@');
  if (Array.isArray(value)) return value.map(scrub);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, scrub(each)]));
  return value;
}

interface SettingLike {
  key: string;
  value: unknown;
  source: string;
}

/** The settings that differ from the defaults, without what is secret. */
export function settingsPart(settings: readonly SettingLike[]): Record<string, unknown> {
  return Object.fromEntries(
    settings
      .filter(({ source }) => source !== 'default')
      .map(({ key, value, source }) => [
        key,
        { value: SECRET.test(key.split('.').at(-1) ?? key) ? '…' : value, source },
      ]),
  );
}

/** Everything that somebody who helps has to know, as one text. No names of credentials, no tokens, no people. */
export async function collect(client: QueryClient, now: Date): Promise<string> {
  const [system, readiness, status, stats, queue, workers, egresses, settings] = await Promise.all([
    part(() => unwrap(api.GET('/api/v1/system'))),
    part(() => client.query({ ...readinessQuery, staleTime: 0 })),
    part(() => unwrap(api.GET('/api/v1/status'))),
    part(() => unwrap(api.GET('/api/v1/stats', { params: { query: { hours: 24 } } }))),
    part(() => unwrap(api.GET('/api/v1/queue'))),
    part(() => unwrap(api.GET('/api/v1/workers'))),
    part(() => unwrap(api.GET('/api/v1/egresses'))),
    part(async () => settingsPart((await unwrap(api.GET('/api/v1/settings'))).settings)),
  ]);
  const report = {
    collected_at: now.toISOString(),
    system,
    browser: navigator.userAgent,
    readiness,
    status,
    stats,
    queue,
    workers,
    egresses,
    settings_changed: settings,
  };
  return JSON.stringify(scrub(report), null, 2);
}
