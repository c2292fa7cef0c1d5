import type { Page } from '@playwright/test';
import { EXAMPLE_PASSWORD, PASSWORD, Server, USERNAME } from './support/server.ts';
import { expect, expectAccessible, gates, test } from './support/test.ts';

/** A server whose password is the example's. */
async function withNewServer(page: Page, act: (server: Server) => Promise<void>): Promise<void> {
  const server = await Server.start({ accounts: 0, firstRun: true });
  try {
    await act(server);
    // A page that is open would miss its server.
    await page.goto('about:blank');
  } finally {
    await server.stop();
  }
}

/** A 401 is what some of these tests want; the browser writes it down. */
const REFUSED = /status of 401/;

test('the gates of the log-in', async ({ page, server }) => {
  await gates(page, `${server.url}/login`);
});

test('leads to the log-in and back to the place', async ({ page, server, watch }) => {
  watch.allow(REFUSED);
  await page.goto(`${server.url}/credentials?state=idle`);
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel('User name').fill(USERNAME);
  await page.getByLabel('Password', { exact: true }).fill('not the password');
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page.getByText('User name or password is wrong.')).toBeVisible();
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page).toHaveURL(`${server.url}/credentials?state=idle`);
});

test('does not lead to other hosts', async ({ page, server }) => {
  await page.goto(`${server.url}/login?next=//example.com/`);
  await page.getByLabel('User name').fill(USERNAME);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await expect(page).toHaveURL(`${server.url}/`);
});

test('a session that ends elsewhere ends here', async ({ console: page, server, watch }) => {
  watch.allow(REFUSED);
  await page.goto(`${server.url}/credentials`);
  await expect(page.getByRole('heading', { name: 'Credentials' })).toBeVisible();
  await page.request.post(`${server.url}/api/v1/auth/logout`, { headers: { origin: server.url } });
  // The stream of events ends with the session; nobody has to press anything.
  await expect(page).toHaveURL(/\/login\?next=%2Fcredentials/);
  await expect(page.getByText('Your session has ended.')).toBeVisible();
});

test('the first run leads from the example’s password to an own one, and to the import', async ({
  page,
  watch,
}) => {
  watch.allow(REFUSED);
  await withNewServer(page, async (server) => {
    await page.goto(server.url);
    await page.getByLabel('User name').fill(USERNAME);
    await page.getByLabel('Password', { exact: true }).fill(EXAMPLE_PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await expect(page.getByRole('heading', { name: 'Set your own password' })).toBeVisible();
    await expectAccessible(page);
    await page.getByLabel('New password', { exact: true }).fill('short');
    await page.getByLabel('New password again').fill('short');
    await page.getByRole('button', { name: /Set the password/ }).click();
    await expect(page.getByText('At least 10 characters, please.')).toBeVisible();
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('New password again').fill(PASSWORD);
    await page.getByRole('button', { name: /Set the password/ }).click();
    await expect(page).toHaveURL(`${server.url}/import`);
    await expect(page.getByText('The API secret is the published example.')).toBeVisible();
  });
});

test('wrong passwords make it wait, and it says how long', async ({ page, watch }) => {
  watch.allow(/status of (401|429)/);
  await withNewServer(page, async (server) => {
    await page.goto(`${server.url}/login`);
    await page.getByLabel('User name').fill(USERNAME);
    const submit = page.getByRole('button', { name: 'Log in' });
    await expect(async () => {
      await page.getByLabel('Password', { exact: true }).fill(`wrong ${Math.random()}`);
      await submit.click({ timeout: 500 });
      await expect(page.getByText(/Try again in \d+ s/)).toBeVisible({ timeout: 2_000 });
    }).toPass();
    await expect(submit).toBeDisabled();
    await expectAccessible(page);
  });
});
