import { readFile } from 'node:fs/promises';
import { expect, expectAccessible, gates, test } from './support/test.ts';

for (const tab of ['audit', 'people', 'sessions', 'system', 'orphans']) {
  test(`the gates of ${tab}`, async ({ console: page, server }) => {
    await gates(page, `${server.url}/system?tab=${tab}`);
  });
}

test('the log is narrowed, shown in full and taken along', async ({ console: page, server }) => {
  await page.goto(`${server.url}/system`);
  const rows = page.getByRole('region', { name: 'Audit log' }).getByRole('row');
  await expect(rows.nth(1)).toBeVisible();
  await page.getByRole('button', { name: 'Action', exact: true }).click();
  await page.getByRole('checkbox', { name: 'Password set' }).click();
  await page.keyboard.press('Escape');
  await expect(page).toHaveURL(/action=user\.password/);
  await expect(rows).toHaveCount(2);
  await rows.getByRole('button', { name: 'Password set' }).click();
  await expect(page.getByRole('dialog')).toContainText('user.password');
  await expectAccessible(page);
  await page.keyboard.press('Escape');

  await page.getByRole('button', { name: 'Export' }).click();
  const coming = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: 'CSV' }).click();
  const text = await readFile(await (await coming).path(), 'utf8');
  expect(text.trim().split('\n')).toHaveLength(2);
  expect(text).toContain('user.password');

  await page.getByRole('combobox', { name: 'Who' }).fill('nobody');
  await page.keyboard.press('Enter');
  await expect(page.getByText('No entry matches')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await expect(page).toHaveURL(`${server.url}/system`);
});

test('somebody is added, changed and deleted', async ({ console: page, server, watch }) => {
  watch.allow(/status of (401|409)/);
  await page.goto(`${server.url}/system?tab=people`);
  const add = async () => {
    await page.getByRole('button', { name: 'Add somebody' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('User name').fill('ann');
    await dialog.locator('input[type=password]').fill('a long enough one');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  };
  const act = async (name: string) => {
    await page.getByRole('button', { name: 'Actions for ann' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await add();
  await expect(page.getByRole('cell', { name: 'ann', exact: true })).toBeVisible();
  await add();
  await expect(page.getByRole('dialog')).toContainText('Somebody has this user name already.');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();

  await act('Make Administrator');
  await expect(page.getByRole('dialog')).toContainText('All sessions of ann end at once.');
  await page.getByRole('dialog').getByRole('button', { name: 'Make Administrator' }).click();
  await expect(page.getByRole('row', { name: /ann/ })).toContainText('Administrator');

  await act('Set password');
  await page.getByRole('dialog').getByLabel('New password').fill('another long one');
  await page.getByRole('dialog').getByLabel('Your password').fill('wrong');
  await page.getByRole('dialog').getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByRole('dialog')).toContainText('User name or password is wrong.');
  await page.keyboard.press('Escape');

  await act('Delete');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('button', { name: 'Actions for ann' })).toHaveCount(0);
});

test('other sessions are ended here, the own one is not', async ({ console: page, server }) => {
  await server.token();
  await page.goto(`${server.url}/system?tab=sessions`);
  const rows = page.getByRole('region', { name: 'My sessions' }).getByRole('row');
  await expect(page.getByText('this one')).toBeVisible();
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'End', exact: true }).click();
  await expect(rows).toHaveCount(2);
  await page.reload();
  await expect(page.getByText('this one')).toBeVisible();
});

test('a backup of the key is asked for until somebody has made it', async ({ console: page, server }) => {
  await page.goto(`${server.url}/system?tab=system`);
  const part = page.getByRole('region', { name: 'Database and keys' });
  await expect(part.getByText('not confirmed yet')).toBeVisible();
  await expect(part.getByText(/SQLite 3\./)).toBeVisible();
  // Put aside in the banner, it can be said here.
  await page.getByRole('button', { name: 'Hide until the next visit' }).first().click();
  await page.getByRole('button', { name: 'It is backed up…' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('apart from the database');
  await dialog.getByRole('button', { name: 'It is backed up' }).click();
  await expect(part.getByText('confirmed', { exact: true })).toBeVisible();
  await expect(page.getByText('The sealing key was made at the first start')).toHaveCount(0);
  await page.reload();
  await expect(part.getByText('confirmed', { exact: true })).toBeVisible();
  await expect(page.getByText('The sealing key was made at the first start')).toHaveCount(0);
});

test('the report for whoever helps holds no secret', async ({ console: page, server }) => {
  await page.goto(`${server.url}/system?tab=system`);
  await expect(page.getByText('answers, with the schema of this version')).toBeVisible();
  await page.getByRole('button', { name: 'Collect' }).click();
  const coming = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const text = await readFile(await (await coming).path(), 'utf8');
  const report = JSON.parse(text) as Record<string, unknown>;
  expect(Object.keys(report)).toEqual(
    expect.arrayContaining(['system', 'readiness', 'status', 'stats', 'queue', 'workers', 'egresses']),
  );
  expect(report).toMatchObject({
    readiness: { status: 'ok' },
    system: { database: { kind: 'sqlite' }, version: expect.stringMatching(/\d/) },
  });
  expect(text).not.toMatch(/user0\d\d|eyJ|rt_|admin/);
  await expectAccessible(page);
});

test('pausing says what it does', async ({ console: page, server }) => {
  await page.goto(`${server.url}/system?tab=system`);
  const part = page.getByRole('region', { name: 'Refreshing' });
  await part.getByRole('button', { name: /Pause/ }).click();
  const dialog = page.getByRole('dialog');
  await expectAccessible(page);
  await dialog.getByRole('textbox').fill('a reason');
  await dialog.getByRole('button', { name: /Pause/ }).click();
  await expect(part.getByText('a reason')).toBeVisible();
  await part.getByRole('button', { name: /Resume/ }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Resume/ })
    .click();
  await expect(part.getByText('a reason')).toHaveCount(0);
});
