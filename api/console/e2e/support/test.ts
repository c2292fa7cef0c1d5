import { expect, test as base, type Page } from '@playwright/test';
import axe from 'axe-core';
import { PASSWORD, Server, USERNAME } from './server.ts';
import { Watch } from './watch.ts';

interface Fixtures {
  watch: Watch;
  /** A page of somebody who is logged in as administrator. */
  console: Page;
}

interface WorkerFixtures {
  /** A server with accounts, for all tests of a worker that change nothing others look at. */
  server: Server;
}

/** How many accounts the shared server has. */
export const ACCOUNTS = 120;

export const test = base.extend<Fixtures, WorkerFixtures>({
  server: [
    // eslint-disable-next-line no-empty-pattern -- the form that Playwright asks for
    async ({}, use) => {
      const server = await Server.start({ accounts: ACCOUNTS });
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  // Every test fails on what it does not expect, whether it looks or not.
  watch: [
    async ({ context }, use) => {
      const watch = new Watch(context);
      await use(watch);
      expect(watch.unexpected).toEqual([]);
    },
    { auto: true },
  ],
  console: async ({ page, server }, use) => {
    await logIn(page, server);
    await use(page);
    // The server may end with the last test.
    await page.goto('about:blank');
  },
});

export { expect };

/** Opens a session in the browser without the form. */
export async function logIn(
  page: Page,
  server: Server,
  { username = USERNAME, password = PASSWORD }: { username?: string; password?: string } = {},
): Promise<void> {
  const answer = await page.request.post(`${server.url}/api/v1/auth/login`, {
    data: { username, password },
  });
  expect(answer.ok()).toBe(true);
}

/** No finding of WCAG A and AA. */
export async function expectAccessible(page: Page): Promise<void> {
  // Once for each time that the page is loaded: it is large.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      resultTypes: ['violations'],
    });
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join('\n  ')}`,
    );
  });
  expect(found).toEqual([]);
}

type Scheme = 'light' | 'dark';

/** Chooses theme and width, as the device would. */
export async function dress(page: Page, scheme: Scheme, width: number): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
}

/** Opens a page in a language, as somebody who chose it before. */
export async function open(page: Page, url: string, language: string): Promise<void> {
  // The choice is kept for the host, so something of it has to be open; this is nothing but a line.
  await page.goto(new URL('/livez', url).href);
  await page.evaluate(
    (chosen) => window.localStorage.setItem('rtm.language', JSON.stringify(chosen)),
    language,
  );
  await page.goto(url);
}

/** The page has come to rest: data is there, and nothing is being fetched. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
  await page.waitForLoadState('load');
}

/** The page has followed another theme or width: it is painted, and nothing moves. */
async function repainted(page: Page, scheme: Scheme): Promise<void> {
  await expect(page.locator(`html[data-mantine-color-scheme=${scheme}]`)).toHaveCount(1);
  await page.evaluate(async () => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    // What measures itself does so after the first one, and is drawn with the second.
    await frame();
    await frame();
    const ending = document
      .getAnimations()
      .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map(({ finished }) => finished));
  });
}

/**
 * Each language is loaded in a look of its own, one on a narrow and dark screen, the other on a wide and light one; in the other looks
 * the page follows, as it does for somebody who turns the device or the light. It ends in English.
 */
const LOOKS = [
  [
    'zh',
    [
      ['dark', 390],
      ['light', 390],
      ['light', 1280],
      ['dark', 1280],
    ],
  ],
  [
    'en',
    [
      ['light', 1280],
      ['dark', 1280],
      ['dark', 390],
      ['light', 390],
    ],
  ],
] as const;

/**
 * The gates of every page: in both languages, themes and widths it is accessible, breaks no policy and logs no error
 * (`watch`), and does not have to be scrolled sideways. `ready` waits for what the page is about.
 */
export async function gates(
  page: Page,
  url: string,
  ready: (page: Page) => Promise<unknown> = settled,
): Promise<void> {
  for (const [language, looks] of LOOKS) {
    const [[scheme, width]] = looks;
    await dress(page, scheme, width);
    await open(page, url, language);
    for (const [scheme, width] of looks) {
      await test.step(`${language} ${scheme} ${width}`, async () => {
        await dress(page, scheme, width);
        await ready(page);
        await repainted(page, scheme);
        await expectAccessible(page);
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(wide, 'the page is wider than the screen').toBeLessThanOrEqual(0);
      });
    }
  }
}
