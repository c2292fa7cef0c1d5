import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, expectAccessible, gates, test } from './support/test.ts';

const run = promisify(execFile);

for (const path of ['/docs', '/docs?tab=errors', '/docs?tab=keys'])
  test(`the gates of ${path}`, async ({ console: page, server }) => {
    test.slow();
    await gates(page, server.url + path);
  });

test('a key is made, shown once, used by what the page shows, and revoked', async ({
  console: page,
  server,
}) => {
  await page.goto(`${server.url}/docs?tab=keys`);
  await page.getByRole('button', { name: 'New key' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name' }).fill('mailer');
  await dialog.getByRole('checkbox', { name: 'Read AT' }).uncheck();
  await dialog.getByRole('checkbox', { name: 'Read RT' }).check();
  await dialog.getByRole('button', { name: 'Make the key' }).click();
  await expect(dialog.getByText('At least “Read AT” or “Refresh”.')).toBeVisible();
  await dialog.getByRole('checkbox', { name: 'Read AT' }).check();
  await dialog.getByRole('checkbox', { name: 'Refresh' }).check();
  await dialog.getByRole('checkbox', { name: 'Read RT' }).uncheck();
  await dialog.getByRole('radio', { name: 'By biz_id' }).check();
  await dialog.getByRole('textbox', { name: 'biz_ids' }).fill('user001\nuser002');
  await expect(dialog.getByText('2 entries')).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Make the key' }).click();

  const secret = (await dialog.getByRole('region', { name: 'The secret of the key' }).textContent()) ?? '';
  expect(secret).toMatch(/^rtm_\w{43}$/);
  // It does not go by a slip of the finger.
  await page.keyboard.press('Escape');
  await expect(dialog.getByRole('button', { name: 'Done' })).toBeDisabled();
  await expectAccessible(page);
  await dialog.getByRole('checkbox', { name: 'I have copied it' }).check();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  await expect(page.getByRole('row', { name: /mailer/ })).toContainText('2 biz_ids');

  // What the page shows runs as it stands.
  await page.goto(`${server.url}/docs`);
  await page.getByRole('tab', { name: 'JavaScript' }).first().click();
  for (const [call, printed] of [
    ['Get an access token', /^eyJ/],
    ['Get many at once', /^eyJ[\s\S]*\n/],
    ['Refresh without waiting', /./],
  ] as const) {
    const code = (await page.getByRole('region', { name: `JavaScript: ${call}` }).textContent()) ?? '';
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
      env: { ...process.env, RTM_API_KEY: secret },
    });
    expect(stdout, call).toMatch(printed);
  }

  await page.goto(`${server.url}/docs?tab=keys`);
  const act = async (name: string) => {
    await page.getByRole('button', { name: 'Actions for mailer' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  // Written every five seconds.
  await expect(async () => {
    await page.keyboard.press('Escape');
    await expect(dialog).toHaveCount(0);
    await act('Tokens handed out');
    await expect(dialog.getByRole('link').first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await page.keyboard.press('Escape');
  await act('Disable');
  await expect(page.getByRole('row', { name: /mailer/ })).toContainText('Disabled');
  await act('Revoke');
  await expect(dialog).toContainText('get 401 within a second');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('button', { name: 'Actions for mailer' })).toBeFocused();
  await act('Revoke');
  await dialog.getByRole('textbox').fill('mailer');
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByRole('row', { name: /mailer/ })).toHaveCount(0);
  await page.getByText('Revoked', { exact: true }).click();
  await expect(page.getByRole('row', { name: /mailer/ })).toBeVisible();
});

test('the choice of language is kept, and the host is that of the page', async ({
  console: page,
  server,
}) => {
  await page.goto(`${server.url}/docs`);
  await page.getByRole('tab', { name: 'Python' }).first().click();
  await page.reload();
  const code = page.getByRole('region', { name: 'Python: Get an access token' });
  await expect(code).toContainText(`"${server.url}/public-api/get-at"`);
  await page.getByRole('textbox', { name: 'biz_id' }).fill('another one');
  await expect(code).toContainText('{"biz_id": "another one"}');
});

test('Swagger UI is there', async ({ console: page, server }) => {
  await page.goto(`${server.url}/docs`);
  const link = page.getByRole('link', { name: /Swagger UI/ });
  await expect(link).toHaveAttribute('href', '/api/docs/');
  expect((await page.request.get(`${server.url}/api/docs/`)).status()).toBe(200);
});
