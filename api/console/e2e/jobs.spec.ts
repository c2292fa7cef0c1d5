import type { Page } from '@playwright/test';
import type { Server } from './support/server.ts';
import { expect, gates, settled, test } from './support/test.ts';

/** A job over ten credentials that has ended: their tag was set. */
async function tagged(server: Server): Promise<string> {
  const token = await server.token();
  const { id } = await server.post<{ id: string }>(
    '/api/v1/credentials/bulk',
    { selection: { filter: { search: 'user01' } }, action: { type: 'tag', tag: 'by-job' } },
    token,
  );
  return id;
}

const finished = async (page: Page) => {
  await settled(page);
  // Done, in either language.
  await expect(page.getByText(/^(Done|已完成)$/).first()).toBeVisible();
};

test('the gates of the list of jobs and of one', async ({ console: page, server }) => {
  const id = await tagged(server);
  await gates(page, `${server.url}/jobs`, finished);
  await gates(page, `${server.url}/jobs/${id}`, finished);
});

for (const tab of ['queue', 'egresses', 'workers']) {
  test(`the gates of the tab ${tab}`, async ({ console: page, server }) => {
    await gates(page, `${server.url}/jobs?tab=${tab}`);
  });
}

test('a job tells what became of each credential', async ({ console: page, server }) => {
  const id = await tagged(server);
  await page.goto(`${server.url}/jobs/${id}`);
  await expect(page.getByRole('heading', { name: 'Set tag' })).toBeVisible();
  await expect(page.getByText('begins with: user01')).toBeVisible();
  await expect(page.getByText('10 of 10')).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  await page.getByRole('menuitem', { name: 'All results (CSV)' }).click();
  expect((await download).suggestedFilename()).toBe(`job-${id}.csv`);
  await page.getByRole('link', { name: 'user010' }).click();
  await expect(page.getByRole('heading', { name: 'user010' })).toBeVisible();
});

test('pauses all refreshing with a reason that shows on every page, and lets it go on', async ({
  console: page,
  server,
}) => {
  await page.goto(`${server.url}/jobs`);
  await expect(page.getByText('Refreshing is on')).toBeVisible();
  await page.getByRole('button', { name: 'Pause all refreshing' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('Access tokens are still handed out.');
  await dialog.getByLabel('Reason').fill('a test of the switch');
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('link', { name: 'API and keys' }).click();
  const banner = page.getByText('Refreshing is paused: a test of the switch');
  await expect(banner).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'Jobs and workers' }).click();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByText('Refreshing is on')).toBeVisible();
  await expect(banner).toHaveCount(0);
});

test('pauses one egress', async ({ console: page, server }) => {
  await page.goto(`${server.url}/jobs?tab=egresses`);
  await page.getByRole('button', { name: 'Pause direct' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('only this way');
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume direct' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await expect(page.getByRole('button', { name: 'Pause direct' })).toBeVisible();
});
