import { PASSWORD, type Server } from './support/server.ts';
import { expect, expectAccessible, gates, logIn, settled, test } from './support/test.ts';

/** One credential of the shared server, by its name. */
async function idOf(server: Server, name: string): Promise<string> {
  const answer = await fetch(`${server.url}/api/v1/credentials?search=${name}`, {
    headers: { authorization: `Bearer ${await server.token()}` },
  });
  const { items } = (await answer.json()) as { items: { id: string }[] };
  return items[0]?.id ?? '';
}

test('the gates of a credential, and of one that is gone', async ({ console: page, server, watch }) => {
  // The one that is gone is a 404.
  watch.allow(/status of 404/);
  await gates(page, `${server.url}/credentials/${await idOf(server, 'user030')}`);
  await gates(page, `${server.url}/credentials/01KA0000000000000000000000`);
});

test('refreshes and tells how it went', async ({ console: page, server }) => {
  await page.goto(`${server.url}/credentials/${await idOf(server, 'user031')}`);
  await settled(page);
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await expect(page.getByRole('status').getByText(/Refreshed|The tokens came a moment ago/)).toBeVisible();
  await expectAccessible(page);
});

test('edits beside somebody else without losing anything', async ({ console: page, server, watch }) => {
  watch.allow(/status of 412/);
  const id = await idOf(server, 'user032');
  await page.goto(`${server.url}/credentials/${id}`);
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Memo').fill('mine');
  await page.request.patch(`${server.url}/api/v1/credentials/${id}`, {
    data: { tag: 'theirs' },
    headers: { origin: server.url },
  });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByRole('cell', { name: 'theirs' })).toBeVisible();
  await expect(dialog.getByLabel('Memo')).toHaveValue('mine');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Save mine over it' }).click();
  await expect(page.getByText('Saved')).toBeVisible();
});

test('reveals a token for the password only', async ({ console: page, server, watch }) => {
  watch.allow(/status of 401/);
  await page.goto(`${server.url}/credentials/${await idOf(server, 'user033')}`);
  await page.getByRole('button', { name: 'Reveal refresh token' }).click();
  const dialog = page.getByRole('dialog');
  const password = dialog.getByRole('textbox', { name: 'Your password' });
  await password.fill('not the password');
  await dialog.getByRole('button', { name: 'Reveal' }).click();
  await expect(dialog.getByText('User name or password is wrong.')).toBeVisible();
  await password.fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Reveal' }).click();
  await expect(page.getByRole('region', { name: 'refresh token' })).toBeVisible();
  await page.getByRole('button', { name: 'Hide', exact: true }).click();
  await expect(page.getByRole('region', { name: 'refresh token' })).toHaveCount(0);
});

test('deletes, restores, and deletes for good', async ({ console: page, server, watch }) => {
  watch.allow(/status of 404/);
  // One of its own: other tests count what the server was given.
  const { id } = await server.post<{ id: string }>(
    '/api/v1/credentials',
    { biz_id: 'short-lived', refresh_token: 'rt.1.made-up-for-a-short-life', enabled: false },
    await server.token(),
  );
  await page.goto(`${server.url}/credentials/${id}`);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Delete', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('Deleted, or never there')).toBeVisible();
  await page.getByRole('button', { name: 'Restore' }).click();
  await expect(page.getByRole('button', { name: 'Refresh now' })).toBeVisible();
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Delete for good' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Delete for good' })).toBeDisabled();
  await dialog.getByLabel('Type short-lived to confirm').fill('short-lived');
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await expect(page).toHaveURL(/\/credentials$/);
});

test('a viewer looks and changes nothing', async ({ page, server }) => {
  const token = await server.token();
  await server.post('/api/v1/users', { username: 'looker', password: PASSWORD, role: 'viewer' }, token);
  await logIn(page, server, { username: 'looker' });
  await page.goto(`${server.url}/credentials/${await idOf(server, 'user035')}`);
  await settled(page);
  await expect(page.getByRole('button', { name: 'Refresh now' })).toBeDisabled();
  await expect(page.getByRole('button', { name: /^Reveal/ })).toHaveCount(0);
  await page.goto(`${server.url}/import`);
  await expect(page.getByText('Only administrators may do this.')).toBeVisible();
  await page.goto(`${server.url}/jobs`);
  await expect(page.getByRole('button', { name: 'Pause all refreshing' })).toBeDisabled();
});
