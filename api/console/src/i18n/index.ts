import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { keepPreference, readPreference } from '~/preferences';

export const LANGUAGES = ['zh', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

/** One chunk for each language, and only the one that is used is loaded. */
const load: Record<Language, () => Promise<{ default: Record<string, object> }>> = {
  zh: () => import('./zh'),
  en: () => import('./en'),
};

function isLanguage(value: unknown): value is Language {
  return value === 'zh' || value === 'en';
}

/** What was chosen here before, else the first language of the browser that we speak. */
export function preferredLanguage(): Language {
  const kept = readPreference('language');
  if (isLanguage(kept)) return kept;
  for (const tag of navigator.languages) {
    const language = tag.slice(0, 2).toLowerCase();
    if (isLanguage(language)) return language;
  }
  return 'en';
}

async function switchTo(language: Language): Promise<void> {
  const { default: namespaces } = await load[language]();
  for (const [name, texts] of Object.entries(namespaces)) i18next.addResourceBundle(language, name, texts);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

export async function startI18n(language: Language = preferredLanguage()): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    defaultNS: 'common',
    ns: [],
    resources: {},
    // React escapes.
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  await switchTo(language);
}

export async function chooseLanguage(language: Language): Promise<void> {
  keepPreference('language', language);
  await switchTo(language);
}
