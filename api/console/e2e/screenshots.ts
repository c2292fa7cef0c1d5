import type { Page } from '@playwright/test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Server } from './support/server.ts';
import { furnish, SHOWROOM } from './support/showroom.ts';
import { dress, expect, open, settled, test } from './support/test.ts';

const FOLDER = process.env.RTM_SCREENSHOTS ?? 'screenshots';
const LOOKS = [
  ['zh', 'light', 1280],
  ['en', 'dark', 1280],
  ['zh', 'light', 390],
  ['en', 'dark', 390],
] as const;

type Furnished = Awaited<ReturnType<typeof furnish>>;

const shown = test.extend<object, { server: Server; furnished: Furnished }>({
  server: [
    // eslint-disable-next-line no-empty-pattern -- the form that Playwright asks for
    async ({}, use) => {
      const server = await Server.start(SHOWROOM);
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  furnished: [async ({ server }, use) => use(await furnish(server)), { scope: 'worker', timeout: 120_000 }],
});

/** The words of the page in its language, as `jobs:pause.all`. */
type Words = (key: string) => string;

function wordsOf(language: string): Words {
  return (key) => {
    const [file = '', path = ''] = key.split(':');
    const texts: unknown = JSON.parse(
      readFileSync(new URL(`../src/i18n/${language}/${file}.json`, import.meta.url), 'utf8'),
    );
    const found = path
      .split('.')
      .reduce((at: unknown, name) => (at as Record<string, unknown> | undefined)?.[name], texts);
    if (typeof found !== 'string') throw new Error(`no text ${key}`);
    return found;
  };
}

interface View {
  name: string;
  path: (furnished: Furnished) => string;
  /** What is done before the picture, such as opening a dialog. */
  act?: (page: Page, words: Words) => Promise<void>;
  /** As much as the screen holds, where a dialog or a menu is what counts. */
  screen?: boolean;
}

const at = (name: string, path: string): View => ({ name, path: () => path });
const press = async (page: Page, name: string) =>
  page.getByRole('main').getByRole('button', { name, exact: true }).first().click();
const dialog = (name: string, path: string, act: NonNullable<View['act']>): View => ({
  name,
  path: () => path,
  screen: true,
  act: async (page, words) => {
    await act(page, words);
    await expect(page.getByRole('dialog').first()).toBeVisible();
  },
});

const IMPORT = [
  'biz_id,refresh_token,tag',
  ...Array.from({ length: 12 }, (_, at) => `picture-${at + 1},rt.1.made-up-for-a-picture-${at + 1},pictures`),
  'wrong-1,sk-an-api-key,',
  'wrong-2,somebody@example.com,',
  'picture-1,rt.1.made-up-for-a-picture-1,pictures',
].join('\n');

const VIEWS: readonly View[] = [
  at('dashboard', '/'),
  at('credentials', '/credentials?sort=biz_id'),
  at('credentials-dead', '/credentials?state=dead,held,in_doubt'),
  at('credentials-none', '/credentials?search=nobody'),
  at('credentials-deleted', '/credentials?deleted=true'),
  { name: 'credential', path: ({ credentials }) => `/credentials/${credentials.user003}` },
  { name: 'credential-in-doubt', path: ({ credentials }) => `/credentials/${credentials.user018}` },
  { name: 'credential-dead', path: ({ credentials }) => `/credentials/${credentials.user024}` },
  { name: 'credential-held', path: ({ credentials }) => `/credentials/${credentials.user052}` },
  at('import', '/import'),
  {
    name: 'import-dry-run',
    path: () => '/import',
    act: async (page, words) => {
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'accounts.csv', mimeType: 'text/csv', buffer: Buffer.from(IMPORT) });
      await press(page, words('imports:dryRun.verb'));
      await expect(page.getByText(words('codes:invalid')).first()).toBeVisible();
      await settled(page);
    },
  },
  at('jobs', '/jobs'),
  { name: 'job', path: ({ job }) => `/jobs/${job}` },
  at('jobs-queue', '/jobs?tab=queue'),
  at('jobs-egresses', '/jobs?tab=egresses'),
  at('jobs-workers', '/jobs?tab=workers'),
  at('settings', '/settings'),
  at('settings-proxies', '/settings?tab=proxies'),
  at('settings-client-ids', '/settings?tab=clientIds'),
  at('settings-history', '/settings?tab=history'),
  at('docs', '/docs'),
  at('docs-errors', '/docs?tab=errors'),
  at('docs-keys', '/docs?tab=keys'),
  at('system-audit', '/system?tab=audit'),
  at('system-people', '/system?tab=people'),
  at('system-sessions', '/system?tab=sessions'),
  at('system', '/system?tab=system'),
  at('system-orphans', '/system?tab=orphans'),
  at('login', '/login'),
  at('not-found', '/nowhere'),
  dialog('dialog-new-credential', '/credentials', (page, words) => press(page, words('credentials:new'))),
  dialog('dialog-refresh-all', '/credentials?search=user0', async (page, words) => {
    await page.getByRole('checkbox', { name: words('common:table.selectPage') }).check();
    await press(page, words('credentials:bulk.refresh'));
  }),
  dialog('dialog-export', '/credentials?search=user00', async (page, words) => {
    await page.getByRole('checkbox', { name: words('common:table.selectPage') }).check();
    await press(page, words('credentials:bulk.more'));
    await page.getByRole('menuitem', { name: words('credentials:bulk.export') }).click();
  }),
  dialog('menu-states', '/credentials', async (page, words) => {
    const filters = page.getByRole('button', { name: words('common:filter.label'), exact: true });
    if (await filters.isVisible()) await filters.click();
    await press(page, words('credentials:filter.state'));
  }),
  dialog('dialog-pause', '/jobs', (page, words) => press(page, words('jobs:pause.all'))),
  dialog('dialog-new-proxy', '/settings?tab=proxies', (page, words) =>
    press(page, words('settings:proxies.new')),
  ),
  dialog('dialog-new-key', '/docs?tab=keys', (page, words) => press(page, words('api:keys.new'))),
  dialog('dialog-shortcuts', '/', (page) => page.keyboard.press('?')),
  dialog('dialog-search', '/', async (page, words) => {
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('textbox', { name: words('common:search.open') })).toBeFocused();
    await page.keyboard.type('user00');
    await expect(page.getByText('user001', { exact: true }).last()).toBeVisible();
  }),
];

for (const view of VIEWS) {
  shown(view.name, async ({ console: page, server, furnished }) => {
    for (const [language, scheme, width] of LOOKS) {
      await dress(page, scheme, width);
      await open(page, server.url + view.path(furnished), language);
      await settled(page);
      await view.act?.(page, wordsOf(language));
      const fullPage = view.screen !== true && process.env.RTM_SCREENSHOTS_SCREEN === undefined;
      const path = join(FOLDER, `${view.name}-${language}-${scheme}-${width}.png`);
      await page.screenshot({ path, fullPage });
    }
  });
}
