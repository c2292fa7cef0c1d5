import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type Page } from '@playwright/test';
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
    async ({ page }, use) => {
      const watch = new Watch(page);
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
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  const found = violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`).join('\n  ')}`,
  );
  expect(found).toEqual([]);
}

export const LANGUAGES = ['zh', 'en'] as const;
export const SCHEMES = ['light', 'dark'] as const;
export const WIDTHS = [1280, 390] as const;

/** Chooses language, theme and width, as the browser and the device would. */
export async function dress(
  page: Page,
  language: string,
  scheme: 'light' | 'dark',
  width: number,
): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  await page.setViewportSize({ width, height: width < 600 ? 844 : 800 });
  await page.evaluate(
    (chosen) => window.localStorage.setItem('rtm.language', JSON.stringify(chosen)),
    language,
  );
}

/** The page has come to rest: data is there, and nothing is being fetched. */
export async function settled(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
  await page.waitForLoadState('load');
}

/**
 * The gates of every page: in both languages, themes and widths it is accessible, breaks no policy and logs no error
 * (`watch`), and does not have to be scrolled sideways. `ready` waits for what the page is about.
 */
export async function gates(
  page: Page,
  url: string,
  ready: (page: Page) => Promise<unknown> = settled,
): Promise<void> {
  await page.goto(url);
  for (const language of LANGUAGES) {
    for (const scheme of SCHEMES) {
      for (const width of WIDTHS) {
        await test.step(`${language} ${scheme} ${width}`, async () => {
          await dress(page, language, scheme, width);
          await page.reload();
          await ready(page);
          await expectAccessible(page);
          const wide = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          expect(wide, 'the page is wider than the screen').toBeLessThanOrEqual(0);
        });
      }
    }
  }
}
