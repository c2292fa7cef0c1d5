import type { Page } from '@playwright/test';
import { Server } from './support/server.ts';
import { expect, expectAccessible, gates, logIn, test } from './support/test.ts';

/** These tests change settings, so they have a server of their own. */
const own = test.extend<object, { server: Server }>({
  server: [
    // eslint-disable-next-line no-empty-pattern -- the form that Playwright asks for
    async ({}, use) => {
      const server = await Server.start({ accounts: 3, env: { RTM_WORKER__CONCURRENCY: '8' } });
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

const review = (page: Page) => page.getByRole('button', { name: 'Review and save' });
const save = async (page: Page) => {
  await review(page).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
};

for (const path of ['/settings', '/settings?tab=proxies', '/settings?tab=clientIds', '/settings?tab=history'])
  own(`the gates of ${path}`, async ({ console: page, server }) => {
    own.slow();
    await gates(page, server.url + path);
  });

own('a change is shown, saved, listed and taken back', async ({ console: page, server }) => {
  await page.goto(`${server.url}/settings`);
  await expect(page.getByText('Fixed by the environment variable RTM_WORKER__CONCURRENCY')).toBeVisible();
  const days = page.getByRole('textbox', { name: 'Fixed interval' });
  await days.fill('31');
  await expect(page.getByText('From 1 day to 30 days.')).toBeVisible();
  await expect(review(page)).toBeDisabled();
  await days.fill('7');
  await page.getByRole('combobox', { name: 'Unit of First pause' }).selectOption('minutes');
  await review(page).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('row', { name: /Fixed interval/ })).toContainText('not set7 days');
  await expect(dialog.getByRole('row', { name: /First pause/ })).toContainText('30s30m');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('2 changes are saved as version 1')).toBeVisible();

  await page.getByRole('button', { name: 'Reset Fixed interval' }).click();
  await save(page);
  await expect(page.getByText('1 change is saved as version 2')).toBeVisible();
  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.getByRole('article', { name: 'Version 2' })).toContainText('current');
  await page.getByRole('button', { name: 'Fill the form with the values of version 1' }).click();
  await expect(days).toHaveValue('7');
  await page.getByRole('button', { name: 'Discard' }).click();
  await expect(days).toHaveValue('');
});

own('what contradicts is refused at the setting', async ({ console: page, server, watch }) => {
  watch.allow(/status of 422/);
  await page.goto(`${server.url}/settings`);
  await page.getByRole('textbox', { name: 'Time to connect' }).fill('20');
  await save(page);
  await expect(page.getByText(/must be at least openai.connect_timeout_seconds/)).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Time to connect' })).toHaveAttribute(
    'aria-invalid',
    'true',
  );
});

own('what somebody else saved is shown and not overwritten', async ({ console: page, server, watch }) => {
  watch.allow(/status of 412/);
  await page.goto(`${server.url}/settings`);
  await page.getByRole('textbox', { name: 'Pace' }).fill('30');
  await server.saveSettings({ 'retention.audit_days': 200 });
  await save(page);
  const alert = page.getByRole('alert').filter({ hasText: 'Somebody else has saved version' });
  await expect(alert).toContainText('Audit log');
  await expect(alert).toContainText('200 days');
  await expectAccessible(page);
  await alert.getByRole('button', { name: /Go on with version/ }).click();
  await expect(page.getByRole('textbox', { name: 'Pace' })).toHaveValue('30');
  await save(page);
  await expect(page.getByText(/1 change is saved/)).toBeVisible();
});

own('search finds by word and by key, and typed changes are not lost', async ({ console: page, server }) => {
  await page.goto(`${server.url}/settings`);
  await page.getByRole('textbox', { name: 'Grace for silent workers' }).fill('20');
  await page.keyboard.press('Tab');
  await page.getByRole('searchbox', { name: 'Search in the settings' }).fill('retention.');
  await expect(page.getByRole('heading', { name: 'How long things are kept' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Automatic refresh' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Credentials' }).click();
  await expect(page.getByRole('dialog')).toContainText('1 change that is not saved is lost.');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Discard' }).click();
});

own('the way back asks before typed changes go, and then leads back', async ({ console: page, server }) => {
  await page.goto(server.url);
  await page.getByRole('link', { name: 'Settings' }).click();
  const pace = page.getByRole('textbox', { name: 'Pace' });
  const before = await pace.inputValue();
  await pace.fill('41');
  await page.goBack();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('1 change that is not saved is lost.');
  await expect(page).toHaveURL(/\/settings$/);
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
  await expect(dialog).toHaveCount(0);
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(pace).toHaveValue(before);
});

own('proxies are tried, added, changed and deleted', async ({ console: page, server, watch }) => {
  watch.allow(/status of 409/);
  await page.goto(`${server.url}/settings?tab=proxies`);
  await page.getByRole('button', { name: 'Test the default way' }).click();
  await expect(page.getByText(/^Reachable/)).toBeVisible();

  await page.getByRole('button', { name: 'New proxy' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('hk-1');
  await dialog.getByLabel('Address').fill('socks5h://user:canary@127.0.0.1:1');
  await dialog.getByRole('button', { name: 'Test' }).click();
  await expect(dialog.getByText('No connection')).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('cell', { name: 'socks5h://127.0.0.1:1' })).toBeVisible();
  await expect(page.getByText('canary')).toHaveCount(0);

  await page.getByRole('button', { name: 'New proxy' }).first().click();
  await dialog.getByRole('textbox', { name: 'Name' }).fill('hk-1');
  await dialog.getByLabel('Address').fill('http://127.0.0.1:2');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await expect(dialog.getByText('Another entry has this name.')).toBeVisible();
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Actions for hk-1' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(dialog).toContainText('No credential uses it.');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Actions for hk-1' })).toBeFocused();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No proxies yet')).toBeVisible();
});

own(
  'client ids are named, renamed and kept where credentials have them',
  async ({ console: page, server }) => {
    await page.goto(`${server.url}/settings?tab=clientIds`);
    await page.getByRole('button', { name: 'Name a client id' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Client id' }).fill('app_EMoamEEZ73f0CkXaXp7hrann');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Codex');
    await dialog.getByRole('button', { name: 'Create' }).click();
    await expect(page.getByRole('link', { name: '3 credentials' })).toBeVisible();
    await page.getByRole('button', { name: 'Actions for Codex' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await expect(dialog).toContainText('3 credentials have this client id');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    await expect(page.getByRole('button', { name: 'Actions for Codex' })).toBeFocused();
  },
);

own('viewers look, and nothing answers 403', async ({ page, server }) => {
  const token = await server.token();
  await server.post(
    '/api/v1/users',
    { username: 'vera', password: 'only looking around', role: 'viewer' },
    token,
  );
  await logIn(page, server, { username: 'vera', password: 'only looking around' });
  await page.goto(`${server.url}/settings`);
  await expect(page.getByRole('textbox', { name: 'Pace' })).toBeDisabled();
  await page.goto(`${server.url}/settings?tab=proxies`);
  await expect(page.getByRole('button', { name: 'New proxy' }).first()).toBeDisabled();
  await page.goto(`${server.url}/docs?tab=keys`);
  await expect(page.getByRole('button', { name: 'New key' }).first()).toBeDisabled();
});
