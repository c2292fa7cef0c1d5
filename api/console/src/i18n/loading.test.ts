import i18next from 'i18next';
import { afterEach, expect, it } from 'vitest';
import { chooseLanguage, loadTexts, startI18n, type Namespace } from '.';

afterEach(() => chooseLanguage('en'));

it('brings the texts of open pages along when the language changes', async () => {
  await chooseLanguage('zh');
  expect(i18next.t('settings:title')).toBe('配置管理');
  expect(document.documentElement.lang).toBe('zh-CN');
});

it('fails where the texts of a page are not there, like the page itself', async () => {
  await expect(loadTexts(['nowhere' as Namespace])).rejects.toThrow(TypeError);
});

it('reads no texts of pages before they are opened', async () => {
  i18next.removeResourceBundle('zh', 'settings');
  await startI18n('zh');
  expect(i18next.hasResourceBundle('zh', 'terms')).toBe(true);
  expect(i18next.hasResourceBundle('zh', 'settings')).toBe(false);
});
