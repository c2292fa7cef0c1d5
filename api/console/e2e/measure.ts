import type { CDPSession, Page } from '@playwright/test';
import { Server } from './support/server.ts';
import { expect, settled, test } from './support/test.ts';
import { heapOf } from './support/heap.ts';
import { Requests } from './support/requests.ts';

/** The goal is asked for at so many. */
const ACCOUNTS = Number(process.env.RTM_MEASURE_ACCOUNTS ?? 100_000);
/** How often each interaction is made. */
const ROUNDS = Number(process.env.RTM_MEASURE_ROUNDS ?? 9);
/** How long a tab is left open on each page, and how often it is looked at meanwhile. */
const OPEN_MINUTES = Number(process.env.RTM_MEASURE_MINUTES ?? 4);
const SAMPLE_MS = 30_000;

const measured = test.extend<object, { server: Server }>({
  server: [
    // eslint-disable-next-line no-empty-pattern -- the form that Playwright asks for
    async ({}, use) => {
      const server = await Server.start({
        accounts: ACCOUNTS,
        enrich: tagged,
        env: { RTM_REFRESH__AUTO: 'false', RTM_REFRESH__RATE_PER_SECOND: '50' },
      });
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 600_000 },
  ],
});

/** Ten tags, so that a filter finds a part. */
function tagged(tokens: string): string {
  const [head = '', ...rows] = tokens.trimEnd().split('\n');
  return [`${head},tag`, ...rows.map((row, at) => `${row},team-${at % 10}`)].join('\n');
}

interface Timing {
  ms: number;
  requests: number;
}

/** Marks, in the page, what was done last and the first frame that shows other rows after that. */
function observe(): void {
  const marks = { acted: 0, changed: 0 };
  (window as unknown as { marks: typeof marks }).marks = marks;
  for (const kind of ['click', 'input'])
    window.addEventListener(kind, (event) => (marks.acted = event.timeStamp), { capture: true });
  const rows = document.querySelector('main table');
  if (rows === null) throw new Error('there is no table');
  const names = () => [...rows.querySelectorAll('tbody a')].map(({ textContent }) => textContent).join();
  let before = names();
  // A row may be drawn with the elements of another one. What counts down changes by itself.
  new MutationObserver(() => {
    const now = names();
    if (now === before) return;
    before = now;
    if (marks.changed > marks.acted) return;
    requestAnimationFrame(() => {
      // What is posted in a frame comes after it was painted.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => (marks.changed = performance.now());
      port2.postMessage(null);
    });
  }).observe(rows, { childList: true, subtree: true, characterData: true });
}

/** From what was done last to the frame that shows all of its rows, and what was asked of the server for it. */
async function timed(page: Page, requests: Requests, act: () => Promise<void>): Promise<Timing> {
  const before = requests.made;
  await act();
  const marks = () =>
    page.evaluate(() => (window as unknown as { marks: { acted: number; changed: number } }).marks);
  await expect
    .poll(
      async () => {
        const { acted, changed } = await marks();
        return changed > acted && requests.quiet;
      },
      { intervals: [60] },
    )
    .toBe(true);
  const { acted, changed } = await marks();
  return { ms: changed - acted, requests: requests.made - before };
}

const say = (text: string) => process.stdout.write(`${text}\n`);
const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[Math.floor(values.length / 2)] ?? NaN;

measured('the time of an interaction with the list', async ({ console: page, server }) => {
  await page.goto(`${server.url}/credentials?page_size=50`);
  await settled(page);
  await expect(page.getByRole('link', { name: /^user/ })).toHaveCount(50);
  await page.evaluate(observe);
  const search = page
    .getByRole('searchbox')
    .or(page.getByPlaceholder(/biz_id/))
    .first();
  const press = (name: string | RegExp) =>
    page.getByRole('main').getByRole('button', { name }).first().click();
  const check = async (menu: string, box: string | RegExp) => {
    await press(menu);
    return page.getByRole('checkbox', { name: box });
  };
  const requests = new Requests(page);
  const results = new Map<string, Timing[]>();
  const note = async (what: string, act: () => Promise<void>) => {
    const timing = await timed(page, requests, act);
    results.set(what, [...(results.get(what) ?? []), timing]);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    // Another order each time, so that no answer is at hand already.
    const column = ['biz_id', 'Next refresh', 'AT expires'][round % 3] ?? 'biz_id';
    await note('sort by a column', () => press(new RegExp(`^${column}`, 'i')));
    await note('next page', () => press('Next page'));
    const tag = await check('Tag', new RegExp(`^team-${round % 10}\\b`));
    await note('filter by a tag', () => tag.click());
    await page.keyboard.press('Escape');
    await note('clear the filters', () => press('Clear filters'));
    await note('search by prefix, from the last key', () => search.fill(`user0${round + 1}`));
    await note('end the search, from the last key', () => search.fill(''));
    await page.goto(`${server.url}/credentials?page_size=50&round=${round}`);
    await settled(page);
    await page.evaluate(observe);
  }
  say(`\n${ACCOUNTS} credentials, ${ROUNDS} rounds; milliseconds to the frame that shows it`);
  for (const [what, timings] of results) {
    const times = timings.map(({ ms }) => ms);
    say(
      `${what}: median ${median(times).toFixed(0)}, most ${Math.max(...times).toFixed(0)}; ` +
        `requests at most ${Math.max(...timings.map(({ requests }) => requests))}`,
    );
  }
});

measured('a tab that is left open', async ({ console: page, server }) => {
  const token = await server.token();
  const selection = { filter: {} };
  const action = { type: 'refresh', canary: null };
  await server.post('/api/v1/credentials/bulk', { selection, action }, token);
  const session: CDPSession = await page.context().newCDPSession(page);
  for (const path of ['/credentials?sort=-refreshed_at', '/', '/jobs']) {
    await page.goto(server.url + path);
    await settled(page);
    say(`\n${path}: minute, heap in MiB, nodes, listeners`);
    const begun = Date.now();
    while (Date.now() - begun <= OPEN_MINUTES * 60_000) {
      const { heapMiB, nodes, listeners } = await heapOf(session);
      const minute = ((Date.now() - begun) / 60_000).toFixed(1);
      say(`${minute}  ${heapMiB.toFixed(1)}  ${nodes}  ${listeners}`);
      await page.waitForTimeout(SAMPLE_MS);
    }
  }
});
