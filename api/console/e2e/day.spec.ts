import type { Locator, Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { EXAMPLE_API_SECRET, EXAMPLE_PASSWORD, PASSWORD, Server, USERNAME } from './support/server.ts';
import { expect, test } from './support/test.ts';

/** More than a page of the list. */
const ACCOUNTS = 60;

const go = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Main navigation' }).getByRole('link', { name, exact: true }).click();

/** The names in the list, in its order. */
const names = (page: Page) =>
  page.getByRole('region', { name: 'Credentials' }).getByRole('link', { name: /^user/ });

/** Presses the head of a column; its name also says how the list is sorted. */
const sortBy = (page: Page, column: string) =>
  page.getByRole('button', { name: new RegExp(`^${column} (not )?sorted`) }).click();

/** Selects what the list holds, beyond its page. */
async function selectAll(page: Page): Promise<void> {
  await page.getByRole('checkbox', { name: 'Select the page' }).check();
  await page.getByRole('button', { name: `Select all ${ACCOUNTS} that match` }).click();
  await expect(page.getByText(`All ${ACCOUNTS} that match are selected`)).toBeVisible();
}

/** A program that has nothing but a key. */
async function program(server: Server, call: 'get-at' | 'refresh', bizId: string, key: string) {
  const answer = await fetch(`${server.url}/public-api/${call}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-secret': key },
    body: JSON.stringify({ biz_id: bizId }),
  });
  const { code, data } = (await answer.json()) as { code: string; data: { access_token?: string } | null };
  return { status: answer.status, code, accessToken: data?.access_token };
}

/** Holds calls at the stand-in, before their tokens are spent, until the gate is opened. */
async function hold(server: Server, skip: number) {
  const gate = { point: 'before_rotation', skip };
  const { id } = await server.standIn<{ id: number }>('POST', 'gates', gate);
  const waiting = (calls: number, ms: number) =>
    server.standIn('GET', `gates/wait?id=${id}&calls=${calls}&timeout_ms=${ms}`).then(
      () => true,
      () => false,
    );
  return { waiting, open: () => server.standIn('POST', `gates/release?id=${id}`) };
}

/** A page that is loaded anew forgets the mark. */
const mark = (page: Page) => page.evaluate(() => document.body.setAttribute('data-day', 'same'));
const marked = (page: Page) => page.locator('body[data-day=same]');

/** The number in a chip such as `Done 33`. */
async function counted(chip: Locator): Promise<number> {
  return Number(/\d+/.exec((await chip.textContent()) ?? '')?.[0]);
}

test('an operator’s day', async ({ page, context, watch }) => {
  test.slow();
  // Who is not logged in is asked to; the browser writes that down.
  watch.allow(/status of 401 .*\/api\/v1\/auth\/session\)$/);
  const server = await Server.start({
    accounts: ACCOUNTS,
    imported: false,
    firstRun: true,
    // Each refresh is a call, however soon it comes after another.
    env: { RTM_REFRESH__COALESCE_SECONDS: '0' },
  });
  try {
    await firstRun(page, server);
    await importing(page, server);
    await following(page, server, await context.newPage());
    await tagging(page);
    await refreshing(page, server);
    await settings(page, server);
    await doubt(page, server);
    await reveal(page, server);
    await nothingLost(page, server);
    await key(page, server);
    await logOut(page, server);
    // The server ends before the page would.
    await page.goto('about:blank');
  } finally {
    await server.stop();
  }
});

async function firstRun(page: Page, server: Server): Promise<void> {
  await test.step('the first run leads from the example’s password to the import', async () => {
    await page.goto(server.url);
    await page.getByLabel('User name').fill(USERNAME);
    await page.getByLabel('Password', { exact: true }).fill(EXAMPLE_PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('New password again').fill(PASSWORD);
    await page.getByRole('button', { name: /Set the password/ }).click();
    await expect(page).toHaveURL(`${server.url}/import`);
  });
}

async function importing(page: Page, server: Server): Promise<void> {
  const good = await readFile(server.tokensFile, 'utf8');
  const first = good.split('\n')[1] ?? '';
  const bad = [
    'no-token,sk-of-another-kind,,',
    'no-token-either,somebody@example.com,,',
    'too-much,rt.1.made-up,,,and more',
    first,
  ];
  // The header is line 1.
  const line = ACCOUNTS + 2;
  const rows = page.getByRole('region', { name: 'Results by row' }).getByRole('row');

  await test.step('a dry run tells which rows are bad, where, and why', async () => {
    await page.locator('input[type=file]').setInputFiles({
      name: 'accounts.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`${good}${bad.join('\n')}\n`),
    });
    await page.getByLabel('Tag').fill('morning');
    await page.getByRole('button', { name: 'Dry run' }).click();
    await expect(page.getByRole('button', { name: `Import ${ACCOUNTS} rows` })).toBeVisible();
    // The failures come first; what is there twice is none.
    await expect(rows).toHaveCount(1 + 3);
    await expect(rows.nth(1)).toContainText(`${line}accounts.csv`);
    await expect(rows.nth(1)).toContainText('this is an API key, not a refresh token');
    await expect(rows.nth(2)).toContainText(`${line + 1}accounts.csv`);
    await expect(rows.nth(2)).toContainText('this is an e-mail address, not a refresh token');
    await expect(rows.nth(3)).toContainText(`${line + 2}accounts.csv`);
    await expect(rows.nth(3)).toContainText('has 5 fields, the header has 4');
    await page.getByText('Skipped 1').click();
    await page.getByText('Failed 3').click();
    await expect(rows).toHaveCount(1 + 1);
    await expect(rows.nth(1)).toContainText(`${line + 3}accounts.csv`);
    await expect(rows.nth(1)).toContainText('line 2 of accounts.csv has the same refresh token');
  });

  await test.step('the good rows are imported, and the failures taken along', async () => {
    await page.getByRole('button', { name: `Import ${ACCOUNTS} rows` }).click();
    await expect(page).toHaveURL(/\/import\?job=/);
    const coming = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download 3 failures' }).click();
    const failures = await readFile(await (await coming).path(), 'utf8');
    const told = failures.trim().split('\n');
    expect(told).toHaveLength(1 + 3);
    for (const [at, reason] of ['API key', 'e-mail address', '5 fields'].entries()) {
      expect(told[at + 1]).toContain(`,${line + at},accounts.csv,`);
      expect(told[at + 1]).toContain(reason);
    }
    for (const text of [failures, await page.content()]) {
      expect(text).not.toContain('opens-something-else');
      expect(text).not.toContain(first.split(',')[1]);
    }
    await page.getByRole('link', { name: 'To the credentials' }).click();
    await expect(page.getByText(`1–50 of ${ACCOUNTS}`)).toBeVisible();
  });
}

async function following(page: Page, server: Server, other: Page): Promise<void> {
  await test.step('what is refreshed elsewhere shows by itself', async () => {
    // They are new, so all of them are due.
    const token = await server.token();
    await expect
      .poll(
        async () =>
          (await server.get<{ total: number }>('/api/v1/credentials?has_access_token=false', token)).total,
      )
      .toBe(0);
    const { items } = await server.get<{ items: { biz_id: string }[] }>(
      '/api/v1/credentials?sort=refreshed_at&page_size=25',
      token,
    );
    const oldest = items[0]?.biz_id ?? '';
    await sortBy(page, 'Refreshed');
    await expect(page).toHaveURL(/sort=refreshed_at/);
    await expect(names(page).first()).toHaveText(oldest);
    await sortBy(page, 'Refreshed');
    await expect(page).toHaveURL(/sort=-refreshed_at/);
    await expect(names(page).first()).not.toHaveText(oldest);

    await other.goto(server.url);
    const succeeded = other.getByText(/^Succeeded \d/);
    await expect(succeeded).toHaveText(`Succeeded ${ACCOUNTS}`);
    for (const each of [page, other]) {
      await expect(each.locator('[data-live=live]')).toBeVisible();
      await mark(each);
    }
    expect((await program(server, 'refresh', oldest, EXAMPLE_API_SECRET)).status).toBe(200);
    await expect(names(page).first()).toHaveText(oldest);
    const feed = other.getByRole('list', { name: 'Happening now' });
    await expect(feed.getByRole('listitem').filter({ hasText: 'Refreshed' })).toHaveCount(1);
    await expect(succeeded).toHaveText(`Succeeded ${ACCOUNTS + 1}`);
    for (const each of [page, other]) await expect(marked(each)).toHaveCount(1);
    await other.close();
  });
}

async function tagging(page: Page): Promise<void> {
  await test.step('all that match a filter get another tag', async () => {
    await page.getByRole('button', { name: 'Tag', exact: true }).click();
    await page.getByRole('checkbox', { name: /morning/ }).click();
    await expect(page).toHaveURL(/tag=morning/);
    await page.keyboard.press('Escape');
    await selectAll(page);
    await page.getByRole('button', { name: 'Set tag', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText(`The tags of ${ACCOUNTS} credentials are replaced.`);
    await dialog.getByLabel('Tag').fill('evening');
    await dialog.getByRole('button', { name: 'Set tag' }).click();
    const card = page.getByRole('region', { name: 'Set tag' });
    await expect(card).toContainText(`${ACCOUNTS} of ${ACCOUNTS}`);
    // They do not match any more.
    await expect(page.getByText('No credential matches')).toBeVisible();
    await page.getByRole('button', { name: 'Clear filters' }).first().click();
    await expect(page.getByText('evening', { exact: true })).toHaveCount(50);
    await card.getByRole('button', { name: 'Close' }).click();
  });
}

async function refreshing(page: Page, server: Server): Promise<void> {
  await test.step('a refresh of all shows how far it is, and is cancelled in the middle', async () => {
    const calls = async () => (await server.standIn<{ token_calls: number }>('GET', 'stats')).token_calls;
    const before = await calls();
    const gate = await hold(server, 25);
    await selectAll(page);
    await page.getByRole('button', { name: 'Refresh', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Refresh' }).click();
    const card = page.getByRole('region', { name: 'Refresh' });
    await expect(card).toContainText(`25 of ${ACCOUNTS}`);
    expect(await gate.waiting(1, 30_000)).toBe(true);

    await card.getByRole('button', { name: 'Cancel the job' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('25 items that are settled stay so.');
    await dialog.getByRole('button', { name: 'Cancel the job' }).click();
    await expect(card).toContainText('Cancelling');
    // Until the job has given up what waits, the worker may take it.
    const job = await card.getByRole('link', { name: 'Results by row' }).getAttribute('href');
    const token = await server.token();
    await expect
      .poll(async () => {
        const { counts } = await server.get<{ counts: { cancelled: number } }>(`/api/v1${job ?? ''}`, token);
        return counts.cancelled;
      })
      .toBeGreaterThan(0);
    // The calls that were under way end well, and no other begins.
    await gate.open();
    await expect(card).toContainText('Cancelled');
    const made = (await calls()) - before;
    expect(made).toBeGreaterThan(25);
    expect(made).toBeLessThan(ACCOUNTS);

    await card.getByRole('link', { name: 'Results by row' }).click();
    const chips = page.getByRole('group', { name: 'Show' });
    expect(await counted(chips.getByText(/^Done/))).toBe(made);
    expect(await counted(chips.getByText(/^Cancelled/))).toBe(ACCOUNTS - made);
    await chips.getByText(/^Cancelled/).click();
    const rows = page.getByRole('region', { name: 'Results by row' }).getByRole('row');
    await expect(rows).toHaveCount(1 + ACCOUNTS - made);
    await expect(rows.filter({ hasText: 'Cancelled' })).toHaveCount(ACCOUNTS - made);
    await chips.getByText(/^Cancelled/).click();
    await chips.getByText(/^Done/).click();
    await expect(rows).toHaveCount(1 + made);
    await expect(rows.filter({ hasText: 'Done' })).toHaveCount(made);
  });
}

async function settings(page: Page, server: Server): Promise<void> {
  await test.step('a setting is saved, and a worker follows', async () => {
    await go(page, 'Settings');
    await page.getByRole('textbox', { name: 'Calls at once' }).fill('4');
    await page.getByRole('button', { name: 'Review and save' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('row', { name: /Calls at once/ })).toContainText('84');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('1 change is saved as version 1')).toBeVisible();

    await go(page, 'Jobs and workers');
    await page.getByRole('tab', { name: 'Workers' }).click();
    const worker = page.getByRole('region', { name: 'Workers' }).getByRole('row').nth(1);
    await expect(worker).toContainText('Alive');
    const gate = await hold(server, 0);
    await server.post(
      '/api/v1/credentials/bulk',
      { selection: { filter: { search: 'user01' } }, action: { type: 'refresh', canary: null } },
      await server.token(),
    );
    const asked = program(server, 'refresh', 'user001', EXAMPLE_API_SECRET);
    // Ten of a job and one that somebody waits for: four are under way. The table follows by itself.
    expect(await gate.waiting(4, 30_000)).toBe(true);
    await expect(worker.getByRole('cell', { name: '4', exact: true })).toBeVisible();
    expect(await gate.waiting(5, 0)).toBe(false);
    await gate.open();
    expect((await asked).status).toBe(200);
    await expect(worker.getByRole('cell', { name: '0', exact: true })).toBeVisible();
  });
}

async function doubt(page: Page, server: Server): Promise<void> {
  await test.step('a credential comes into doubt, and is resolved where it is shown', async () => {
    await go(page, 'Dashboard');
    await expect(page.locator('[data-live=live]')).toBeVisible();
    // The connection ends without an answer; whether the token is spent, nobody here can know.
    const cut = { account: 'user042', times: 1, rotate: false, delivery: { kind: 'close' } };
    await server.standIn('POST', 'faults', cut);
    const told = await program(server, 'refresh', 'user042', EXAMPLE_API_SECRET);
    expect(told).toMatchObject({ status: 500, code: 'refresh_failed' });

    await page.getByRole('link', { name: '1 credential in doubt' }).click();
    await expect(page).toHaveURL(/state=in_doubt/);
    await page.getByRole('link', { name: 'user042' }).click();
    await page.getByRole('button', { name: 'Try now' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('3 trials are left before this one.');
    await dialog.getByRole('button', { name: 'Try now' }).click();
    await expect(page.getByText('The trial was asked for')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Try now' })).toHaveCount(0);
    await expect(page.getByRole('main').getByText('Healthy')).toBeVisible();
    const history = page.getByRole('region', { name: 'Refresh history' }).getByRole('row');
    await expect(history.nth(1)).toContainText('Refreshedtrial');
    await expect(history.nth(2)).toContainText('In doubt');
  });
}

async function reveal(page: Page, server: Server): Promise<void> {
  await test.step('a token is revealed for the password, and that is written down', async () => {
    await page.getByRole('button', { name: 'Reveal refresh token' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Your password' }).fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Reveal' }).click();
    const { live } = await server.standIn<{ live: string }>('GET', 'ledger?account=user042');
    await expect(page.getByRole('region', { name: 'refresh token' })).toHaveText(live);
    await page.getByRole('button', { name: 'Hide', exact: true }).click();
    expect(await page.content()).not.toContain(live);

    await go(page, 'Audit and system');
    const newest = page.getByRole('region', { name: 'Audit log' }).getByRole('row').nth(1);
    await expect(newest).toContainText('Secret revealed');
    await newest.getByRole('button', { name: 'Secret revealed' }).click();
    await expect(dialog).toContainText('credential.reveal');
    await expect(dialog).toContainText('refresh_token');
    await dialog.getByRole('button', { name: 'Close' }).click();
  });
}

async function nothingLost(page: Page, server: Server): Promise<void> {
  await test.step('what is exported is what the upstream takes: no account was lost', async () => {
    await go(page, 'Credentials');
    await selectAll(page);
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Export' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: 'JSON lines' }).check();
    await dialog.getByRole('textbox', { name: 'Your password' }).fill(PASSWORD);
    const coming = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Export' }).click();
    const lines = (await readFile(await (await coming).path(), 'utf8')).trim().split('\n');
    const stored = lines.map((line) => {
      const { biz_id, refresh_token } = JSON.parse(line) as { biz_id: string; refresh_token: string };
      return { key: biz_id, refresh_token };
    });
    expect(await server.standIn('POST', 'audit', stored)).toMatchObject({
      held: ACCOUNTS,
      lost: [],
      ended: [],
      not_stored: [],
      unknown: [],
    });
  });
}

async function key(page: Page, server: Server): Promise<void> {
  await test.step('a key is made, used, and refused once it is revoked', async () => {
    await go(page, 'API and keys');
    await page.getByRole('tab', { name: 'API keys' }).click();
    await page.getByRole('button', { name: 'New key' }).first().click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('mailer');
    await dialog.getByRole('button', { name: 'Make the key' }).click();
    const secret = (await dialog.getByRole('region', { name: 'The secret of the key' }).textContent()) ?? '';
    await dialog.getByRole('checkbox', { name: 'I have copied it' }).check();
    await dialog.getByRole('button', { name: 'Done' }).click();

    const used = await program(server, 'get-at', 'user042', secret);
    expect(used).toMatchObject({ status: 200, code: 'ok' });
    expect(await server.standIn('POST', 'introspect', { access_token: used.accessToken })).toEqual({
      live: true,
    });

    await page.getByRole('button', { name: 'Actions for mailer' }).click();
    await page.getByRole('menuitem', { name: 'Revoke' }).click();
    await dialog.getByRole('textbox').fill('mailer');
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await expect(page.getByRole('row', { name: /mailer/ })).toHaveCount(0);
    await expect
      .poll(() => program(server, 'get-at', 'user042', secret))
      .toMatchObject({
        status: 401,
        code: 'unauthorized',
      });
  });
}

async function logOut(page: Page, server: Server): Promise<void> {
  await test.step('who has logged out sees nothing any more', async () => {
    await go(page, 'Credentials');
    await expect(names(page).first()).toBeVisible();
    await page.getByRole('button', { name: `Account of ${USERNAME}` }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await expect(page).toHaveURL(`${server.url}/login`);
    await page.goBack();
    await expect(page).toHaveURL(/\/login\?next=%2Fcredentials/);
    await expect(page.getByLabel('User name')).toBeVisible();
    expect(await page.content()).not.toMatch(/user0\d\d/);
  });
}
