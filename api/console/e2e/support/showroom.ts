import { PASSWORD, type Server } from './server.ts';

const API_SECRET = 'not the one of the example';

/** An installation in which something of everything has happened, for pictures. */
export const SHOWROOM = {
  accounts: 180,
  env: { RTM_REFRESH__COALESCE_SECONDS: '0', RTM_AUTH__API_SECRET: API_SECRET },
} as const;

const refused = (code: string, status = 401) => ({ answer: { kind: 'error', status, code } });
const FAULTS: readonly (readonly [account: string, fault: object])[] = [
  ['user024', refused('refresh_token_reused')],
  ['user093', refused('app_session_terminated')],
  ['user131', refused('account_deactivated')],
  ['user018', { rotate: false, delivery: { kind: 'close' } }],
  ['user077', { rotate: false, delivery: { kind: 'cut', at_byte: 60 } }],
  ['user052', refused('invalid_client')],
  ['user110', refused('unsupported_country_region_territory', 403)],
  ['user066', { answer: { kind: 'error', status: 503, shape: 'html', retry_after: { seconds: 2 } } }],
];

const pause = () => new Promise((resolve) => setTimeout(resolve, 250));

interface Job {
  id: string;
  state: string;
}

/** Fills it; the ids are those of what has a page of its own. */
export async function furnish(server: Server): Promise<{ job: string; credentials: Record<string, string> }> {
  const token = await server.token();
  const bulk = async (filter: object, action: object): Promise<string> => {
    let job = await server.post<Job>('/api/v1/credentials/bulk', { selection: { filter }, action }, token);
    while (!['finished', 'cancelled', 'failed'].includes(job.state)) {
      await pause();
      job = await server.get<Job>(`/api/v1/jobs/${job.id}`, token);
    }
    return job.id;
  };
  await server.post(
    '/api/v1/proxies',
    { name: '香港 1', url: 'socks5h://user:secret@127.0.0.1:1080' },
    token,
  );
  await server.post('/api/v1/proxies', { name: 'frankfurt-2', url: 'http://127.0.0.1:3128' }, token);
  await server.post(
    '/api/v1/client-ids',
    { client_id: 'app_EMoamEEZ73f0CkXaXp7hrann', name: 'Codex CLI' },
    token,
  );
  const all = { kind: 'all', values: [] };
  await server.post('/api/v1/keys', { name: 'mailer', scopes: ['get_at', 'refresh'], reach: all }, token);
  await server.post(
    '/api/v1/keys',
    { name: '客服机器人', scopes: ['get_at'], reach: { kind: 'tags', values: ['客服'] } },
    token,
  );
  await server.post('/api/v1/users', { username: 'vera', password: PASSWORD, role: 'viewer' }, token);
  await server.saveSettings({ 'refresh.rate_per_second': 40, 'retention.audit_days': 200 });
  await server.saveSettings({ 'refresh.interval_days': 7 });

  await bulk({ search: 'user0' }, { type: 'tag', tag: 'team-a' });
  await bulk({ search: 'user1' }, { type: 'tag', tag: '客服' });
  await bulk({ search: 'user04' }, { type: 'tag', tag: 'batch-2026-01' });
  await bulk({ search: 'user003' }, { type: 'memo', memo: '备用账号，周一检查 / spare account' });
  // Some without a fault, so that the chart has both.
  await bulk({}, { type: 'refresh', canary: null });
  for (const [account, fault] of FAULTS)
    await server.standIn('POST', 'faults', { account, times: 1, ...fault });
  const job = await bulk({ search: 'user' }, { type: 'refresh', canary: null });
  await bulk({ search: 'user15' }, { type: 'disable' });
  await server.post('/public-api/get-at', { biz_id: 'user003' }, API_SECRET);
  await server.post('/api/v1/system/key-backup', { backed_up: true }, token);

  // All are counted every now and then; the pictures show what has become of them.
  const counted = Date.now();
  const taken = async () =>
    (await server.get<{ credentials: { as_of: string } | null }>('/api/v1/stats?hours=24', token))
      .credentials;
  while (Date.parse((await taken())?.as_of ?? '') < counted) await pause();

  const credentials: Record<string, string> = {};
  for (const name of ['user003', 'user018', 'user024', 'user052']) {
    const { items } = await server.get<{ items: { id: string }[] }>(
      `/api/v1/credentials?search=${name}`,
      token,
    );
    credentials[name] = items[0]?.id ?? '';
  }
  return { job, credentials };
}
