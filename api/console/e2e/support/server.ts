import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './process.ts';

const BINARIES =
  process.env.RTM_BIN_DIR ?? fileURLToPath(new URL('../../../../target/debug', import.meta.url));
const binary = (name: string) => resolve(BINARIES, name);

export const USERNAME = 'admin';
/** The example's, which is only good for setting another. */
export const EXAMPLE_PASSWORD = 'admin123';
/** The example's, which programs on this host may use. */
export const EXAMPLE_API_SECRET = 'my-api-secret-2025';
export const PASSWORD = 'correct horse battery';

const TOKENS = 'tokens.csv';

interface Options {
  /** How many made-up accounts the stand-in has. */
  accounts: number;
  /** They are imported before the server starts. */
  imported?: boolean;
  /** Makes the file that is imported out of that of the stand-in. */
  enrich?: (tokens: string) => string;
  /** The example's password stays, as at the first run. */
  firstRun?: boolean;
  /** Life of access tokens. */
  atLifeSeconds?: number;
  env?: Record<string, string>;
}

/** A real server with its database in a scratch folder, and a stand-in for the token endpoint. */
export class Server {
  private constructor(
    readonly url: string,
    private readonly upstreamUrl: string,
    private readonly folder: string,
    private readonly programs: readonly Program[],
  ) {}

  /** The accounts of the stand-in: `biz_id,refresh_token,client_id,email`. */
  get tokensFile(): string {
    return join(this.folder, TOKENS);
  }

  static async start({
    accounts,
    imported = true,
    enrich,
    firstRun = false,
    atLifeSeconds = 864_000,
    env = {},
  }: Options): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'rtm-console-'));
    const upstream = new Program(
      binary('standin-upstream'),
      [
        '--listen',
        '127.0.0.1:0',
        '--accounts',
        String(accounts),
        '--at-life',
        String(atLifeSeconds),
        '--print-tokens-to',
        TOKENS,
      ],
      folder,
    );
    const tokenUrl = await upstream.hears(/token endpoint (http\S+) /);
    const settings = {
      RTM_OPENAI__TOKEN_URL: tokenUrl,
      RTM_SERVER__HOST: '127.0.0.1',
      RTM_SERVER__PORT: '0',
      ...(process.env.RTM_TEST_CONSOLE ? { RTM_TEST_CONSOLE: process.env.RTM_TEST_CONSOLE } : {}),
      ...env,
    };
    const file = join(folder, TOKENS);
    if (enrich) await writeFile(file, enrich(await readFile(file, 'utf8')));
    if (imported && accounts > 0)
      await new Program(binary('rt-manage-api'), ['import', TOKENS], folder, settings).ends();
    const api = new Program(binary('rt-manage-api'), [], folder, settings);
    const url = `http://${await api.hears(/rt-manage is ready.* listen=(\S+)/)}`;
    const server = new Server(url, new URL(tokenUrl).origin, folder, [api, upstream]);
    if (!firstRun) await server.setPassword();
    return server;
  }

  /** What somebody does at the first run, without the page. */
  private async setPassword(): Promise<void> {
    const { token } = await this.post<{ token: string }>('/api/v1/auth/login', {
      username: USERNAME,
      password: EXAMPLE_PASSWORD,
    });
    await this.post(
      '/api/v1/auth/password',
      { current_password: EXAMPLE_PASSWORD, new_password: PASSWORD },
      token,
    );
  }

  /** A session token, for calls beside the page. */
  async token(): Promise<string> {
    return (
      await this.post<{ token: string }>('/api/v1/auth/login', { username: USERNAME, password: PASSWORD })
    ).token;
  }

  async post<T>(path: string, body: unknown, token?: string): Promise<T> {
    return ask(this.url + path, 'POST', body, token);
  }

  async get<T>(path: string, token: string): Promise<T> {
    return ask(this.url + path, 'GET', undefined, token);
  }

  /** What another administrator does, beside the page. */
  async saveSettings(change: object): Promise<void> {
    const headers = {
      authorization: `Bearer ${await this.token()}`,
      'content-type': 'application/json',
    };
    const url = `${this.url}/api/v1/settings`;
    const etag = (await fetch(url, { headers })).headers.get('etag') ?? '';
    const answer = await fetch(url, {
      method: 'PATCH',
      headers: { ...headers, 'if-match': etag },
      body: JSON.stringify(change),
    });
    if (!answer.ok) throw new Error(`PATCH ${url}: ${answer.status} ${await answer.text()}`);
  }

  /** Steers the stand-in, or asks it: `tests/src/standin/mod.rs` lists the routes. */
  async standIn<T>(method: 'GET' | 'POST' | 'DELETE', route: string, body?: unknown): Promise<T> {
    return ask(`${this.upstreamUrl}/_standin/${route}`, method, body);
  }

  async stop(): Promise<void> {
    for (const program of this.programs) await program.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function ask<T>(url: string, method: string, body: unknown, token?: string): Promise<T> {
  const response = await fetch(url, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
