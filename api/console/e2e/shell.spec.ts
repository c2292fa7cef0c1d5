import { readdir, readFile } from 'node:fs/promises';
import { expect, expectAccessible, gates, settled, test } from './support/test.ts';

test('the gates of a page that is not there', async ({ console: page, server }) => {
  await gates(page, `${server.url}/nowhere`);
});

test('the keyboard leads everywhere', async ({ console: page, server }) => {
  await page.goto(`${server.url}/import`);
  // Two keys belong together within a second: not while the page is being made.
  await settled(page);
  await expect(page.locator('[data-live=live]')).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('c');
  await expect(page).toHaveURL(/\/credentials$/);
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('Go to Settings');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('textbox', { name: 'Search and commands' })).toBeFocused();
  await page.keyboard.type('user00');
  await expect(page.getByText('user001', { exact: true }).last()).toBeVisible();
  await expectAccessible(page);
});

test('a new window is skipped through by keyboard', async ({ console: page, server }) => {
  await page.goto(server.url);
  await page.locator('h1').waitFor();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
});

test('language and theme are kept', async ({ console: page, server }) => {
  await page.goto(server.url);
  await page.getByRole('button', { name: 'Language' }).click();
  await page.getByRole('menuitemradio', { name: '简体中文' }).click();
  await expect(page.getByRole('heading', { name: '仪表盘' })).toBeVisible();
  await page.getByRole('button', { name: '外观' }).click();
  await page.getByRole('menuitemradio', { name: '深色' }).click();
  await page.reload();
  await expect(page.getByRole('heading', { name: '仪表盘' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
  await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
});

/** What every page needs before it can be drawn, compressed, with the texts of a language. */
const FIRST_LOAD = 265_000;

test('the first load is small', async () => {
  const folder = new URL('../dist/', import.meta.url);
  const index = await readFile(new URL('index.html', folder), 'utf8');
  const first = [...index.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1] ?? '');
  const names = await readdir(new URL('assets/', folder));
  // One for each language; the one that is loaded counts.
  const texts = names.filter((name) => /^shared-.*\.js$/.test(name)).map((name) => `assets/${name}`);
  const size = async (path: string) => {
    const packed = await readFile(new URL(`${path}.gz`, folder)).catch(() => readFile(new URL(path, folder)));
    return packed.length;
  };
  const sizes = await Promise.all(first.map(size));
  expect(first.length).toBeGreaterThan(0);
  expect(texts).toHaveLength(2);
  const larger = Math.max(...(await Promise.all(texts.map(size))));
  expect(sizes.reduce((sum, each) => sum + each, larger)).toBeLessThan(FIRST_LOAD);
});
