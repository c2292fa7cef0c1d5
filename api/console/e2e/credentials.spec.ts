import { Requests } from './support/requests.ts';
import { ACCOUNTS, expect, gates, test } from './support/test.ts';

test('the gates of the list', async ({ console: page, server }) => {
  // Half the rows are of the same kind, and each is looked at by the checks.
  await gates(page, `${server.url}/credentials?page_size=25`, async () => {
    await expect(page.getByRole('link', { name: `user${ACCOUNTS}` })).toBeVisible();
  });
});

test('searches, filters, sorts and keeps it in the address', async ({ console: page, server }) => {
  await page.goto(`${server.url}/credentials`);
  await page.getByRole('link', { name: `user${ACCOUNTS}` }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('user01');
  await expect(page).toHaveURL(/search=user01/);
  await expect(page.getByText('1–10 of 10')).toBeVisible();
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'State', exact: true }).click();
  // The address holds the state: the box follows it, not the click.
  await page.getByRole('checkbox', { name: /Dead/ }).click();
  await expect(page).toHaveURL(/state=dead/);
  await page.keyboard.press('Escape');
  await expect(page.getByText('No credential matches')).toBeVisible();
  await page.reload();
  await expect(page.getByText('No credential matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await expect(page.getByText(`1–50 of ${ACCOUNTS}`)).toBeVisible();

  await page.getByRole('button', { name: 'biz_id' }).click();
  await expect(page.getByRole('link', { name: /^user/ }).first()).toHaveText('user001');
  await expect(page.getByRole('button', { name: 'biz_id' })).toHaveAccessibleName('biz_id sorted ascending');
});

test('asks no more for many rows than for few', async ({ console: page, server }) => {
  const requests = new Requests(page);
  const asked = async (pageSize: number) => {
    const before = requests.made;
    await page.goto(`${server.url}/credentials?page_size=${pageSize}`);
    await expect(page.getByRole('link', { name: /^user/ })).toHaveCount(pageSize);
    await expect.poll(() => requests.quiet, { intervals: [60] }).toBe(true);
    return requests.made - before;
  };
  const few = await asked(25);
  // Something may happen meanwhile, and what is shown is read anew then: the list, its facets, the status.
  expect(await asked(100)).toBeLessThanOrEqual(few + 6);
});

test('selects the page and then all that match', async ({ console: page, server }) => {
  await page.goto(`${server.url}/credentials?search=user0`);
  await page.getByRole('checkbox', { name: 'Select the page' }).check();
  await page.getByRole('button', { name: 'Select all 99 that match' }).click();
  await expect(page.getByText('All 99 that match are selected')).toBeVisible();
});

test('comes back to the place in the list', async ({ console: page, server }) => {
  await page.goto(`${server.url}/credentials?sort=biz_id`);
  const row = page.getByRole('link', { name: 'user045' });
  await row.scrollIntoViewIfNeeded();
  const before = await page.evaluate(() => window.scrollY);
  expect(before).toBeGreaterThan(200);
  await row.click();
  await expect(page).toHaveURL(/\/credentials\/01/);
  await page.goBack();
  await expect(row).toBeInViewport();
  expect(await page.evaluate(() => window.scrollY)).toBe(before);
});

test('adds, refreshes, disables, deletes and restores', async ({ console: page, server, watch }) => {
  // The refresh token is made up, so its refresh fails.
  watch.allow(/status of (422|502)|answer: 502/);
  await page.goto(`${server.url}/credentials`);
  await page.getByRole('button', { name: 'New credential' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Refresh token').fill('a token with spaces');
  await dialog.getByLabel('biz_id').fill('by-hand');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await expect(dialog.getByLabel('Refresh token')).toHaveAttribute('data-invalid', 'true');
  await dialog.getByLabel('Refresh token').fill('made-up-token');
  await dialog.getByLabel('Refresh it automatically').uncheck();
  await dialog.getByRole('button', { name: 'Add' }).click();
  await expect(page.getByRole('link', { name: 'by-hand' })).toBeVisible();

  const act = async (name: string) => {
    await page.getByRole('button', { name: 'Actions for by-hand' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await act('Enable');
  await expect(page.getByText('by-hand is enabled')).toBeVisible();
  await act('Delete');
  await expect(page.getByRole('dialog')).toContainText('One credential is deleted: by-hand.');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('link', { name: 'by-hand' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Show deleted' }).click();
  await act('Restore');
  await expect(page.getByText('by-hand is back')).toBeVisible();
  await page.getByRole('button', { name: 'Show current' }).click();
  await act('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('link', { name: 'by-hand' })).toHaveCount(0);
});
