import { Server } from './support/server.ts';
import { ACCOUNTS, expect, gates, logIn, settled, test } from './support/test.ts';

test('the gates of the dashboard, with its chart and its table', async ({ console: page, server }) => {
  await gates(page, server.url, async () => {
    await settled(page);
    await expect(page.locator('.recharts-surface').first()).toBeVisible();
  });
  await page.locator('label').filter({ hasText: 'Table' }).click();
  await expect(page.getByRole('table').first()).toBeVisible();
});

test('counts lead to the credentials that they count', async ({ console: page, server }) => {
  await page.goto(server.url);
  const healthy = page.getByRole('link', { name: /^Healthy/ });
  // The server counts in the background.
  await expect(healthy).toContainText(String(ACCOUNTS), { timeout: 60_000 });
  await healthy.click();
  await expect(page).toHaveURL(/\/credentials\?state=idle$/);
  await expect(page.getByText(`of ${ACCOUNTS}`)).toBeVisible();
});

test('what happens shows at once, and the verdict with it', async ({ page, server, watch }) => {
  watch.allow(/status of 401/);
  await logIn(page, server);
  await page.goto(server.url);
  await expect(page.locator('[data-live=live]')).toBeVisible();
  const token = await server.token();
  await server.post('/api/v1/pause', { reason: 'moving house' }, token);
  const feed = page.getByRole('list', { name: 'Happening now' });
  await expect(feed.getByText('Refreshing is paused: moving house')).toBeVisible();
  await expect(page.getByRole('link', { name: 'refreshing is paused' })).toHaveAttribute('href', '/jobs');
  await server.post('/api/v1/resume', { switch: 'paused' }, token);
  await expect(feed.getByText('refreshing goes on')).toBeVisible();
  await expect(page.getByRole('link', { name: 'refreshing is paused' })).toHaveCount(0);
});

test('the first run leads to the import', async ({ page }) => {
  const server = await Server.start({ accounts: 0 });
  try {
    await logIn(page, server);
    await gates(page, server.url);
    await page
      .getByRole('main')
      .getByRole('link', { name: /^(Import|批量导入)$/ })
      .click();
    await expect(page).toHaveURL(`${server.url}/import`);
    // The server ends before the page would.
    await page.goto('about:blank');
  } finally {
    await server.stop();
  }
});
