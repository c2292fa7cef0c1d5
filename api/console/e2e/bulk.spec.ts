import { ACCOUNTS, expect, expectAccessible, test } from './support/test.ts';

test('does the same to all that match, and shows what became of each', async ({ console: page, server }) => {
  await page.goto(`${server.url}/credentials?search=user0`);
  await page
    .getByRole('link', { name: /^user0/ })
    .first()
    .waitFor();
  await page.getByRole('checkbox', { name: 'Select the page' }).check();
  await page.getByRole('button', { name: /^Select all/ }).click();
  await page.getByRole('button', { name: 'Set tag', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Tag').fill('many');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Set tag' }).click();
  const card = page.getByRole('region', { name: 'Set tag' });
  await expect(card).toContainText('Done');
  await expect(card).toContainText(/(\d+) of \1/);
  await expectAccessible(page);
  await card.getByRole('link', { name: 'Results by row' }).click();
  await expect(page).toHaveURL(/\/jobs\/01/);
});

test('refreshes a few first', async ({ console: page, server }) => {
  await page.goto(`${server.url}/credentials?search=user1`);
  await page.getByRole('link', { name: `user${ACCOUNTS}` }).waitFor();
  await page.getByRole('checkbox', { name: 'Select the page' }).check();
  await page.getByRole('button', { name: 'Refresh', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('21 credentials are refreshed');
  await dialog.getByLabel('How many first').fill('2');
  await dialog.getByRole('button', { name: 'Refresh' }).click();
  await expect(page.getByRole('region', { name: 'Refresh' })).toContainText('21 of 21', { timeout: 60_000 });
});

test('an export says what it is and asks for the password', async ({ console: page, server }) => {
  await page.goto(`${server.url}/credentials?search=user005`);
  await page.getByRole('checkbox', { name: 'Select user005' }).check();
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Export' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('of 1 credential in plain text');
  await expect(dialog.getByRole('textbox', { name: 'Your password' })).toBeVisible();
  await expectAccessible(page);
});
