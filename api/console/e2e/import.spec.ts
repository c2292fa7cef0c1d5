import { expect, expectAccessible, gates, settled, test } from './support/test.ts';

test('the gates of the import', async ({ console: page, server }) => {
  await gates(page, `${server.url}/import`);
});

test('tries an import, imports, and shows the rows as they went', async ({ console: page, server }) => {
  await page.goto(`${server.url}/import`);
  await settled(page);
  await page.locator('input[type=file]').setInputFiles({
    name: 'tokens.txt',
    mimeType: 'text/plain',
    buffer: Buffer.from(
      '# two of three are good\nimported-1----rt.1.made-up-for-the-import-1\nsk-an-api-key-is-no-token\nimported-2----rt.1.made-up-for-the-import-2\n',
    ),
  });
  await expect(page.getByText('tokens.txt')).toBeVisible();
  await page.getByLabel('Tag').fill('imported');
  // They are made up: nobody shall call anybody with them.
  await page.getByLabel('Refresh them automatically').uncheck();
  await page.getByRole('button', { name: 'Dry run' }).click();
  await expect(page.getByText('this is an API key, not a refresh token')).toBeVisible();
  await expectAccessible(page);
  expect(await page.content()).not.toContain('made-up-for-the-import');

  await page.getByRole('button', { name: 'Import 2 rows' }).click();
  await expect(page).toHaveURL(/\/import\?job=/);
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download 1 failure' }).click();
  expect((await download).suggestedFilename()).toMatch(/^job-.*\.csv$/);
  await expectAccessible(page);
  await page.getByRole('link', { name: 'imported-1' }).click();
  await expect(page.getByRole('heading', { name: 'imported-1' })).toBeVisible();
  await expect(page.getByText('imported', { exact: true })).toBeVisible();
});

test('says where a file cannot be read', async ({ console: page, server, watch }) => {
  watch.allow(/status of 422/);
  await page.goto(`${server.url}/import`);
  await settled(page);
  await page.locator('input[type=file]').setInputFiles({
    name: 'table.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('refresh_token,no_such_column\nrt.1.x,y\n'),
  });
  await page.getByRole('button', { name: 'Dry run' }).click();
  await expect(page.getByRole('alert')).toContainText('no_such_column');
});
