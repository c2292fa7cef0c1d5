import { join } from 'node:path';
import { dress, settled, test } from './support/test.ts';

const FOLDER = process.env.RTM_SCREENSHOTS ?? 'screenshots';
const PAGES = [
  '/',
  '/credentials',
  '/credentials?state=dead',
  '/import',
  '/jobs',
  '/settings',
  '/docs',
  '/system',
  '/login',
];
const LOOKS = [
  ['zh', 'light', 1280],
  ['en', 'dark', 1280],
  ['zh', 'light', 390],
  ['en', 'dark', 390],
] as const;

for (const path of PAGES) {
  test(path, async ({ console: page, server }) => {
    await page.goto(server.url + path);
    for (const [language, scheme, width] of LOOKS) {
      await dress(page, language, scheme, width);
      await page.reload();
      await settled(page);
      const name = path.replace(/^\/$/, 'dashboard').replace(/^\//, '').replace(/\W+/g, '-');
      await page.screenshot({ path: join(FOLDER, `${name}-${language}-${scheme}-${width}.png`) });
    }
  });
}
