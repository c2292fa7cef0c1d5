import i18next, { type BackendModule } from 'i18next';
import { initReactI18next } from 'react-i18next';
import { keepPreference, readPreference } from '~/preferences';
import type en from './en';

export const LANGUAGES = ['zh', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];
export type Namespace = keyof typeof en;

type Texts = Readonly<Record<string, unknown>>;

/** What every page needs. */
const SHARED = ['common', 'terms', 'errors', 'codes'] as const satisfies readonly Namespace[];

const shared: Record<Language, () => Promise<Texts>> = {
  zh: () => import('./zh/shared'),
  en: () => import('./en/shared'),
};

/** A chunk for each page and language: only those that are used are loaded. */
const pages = import.meta.glob<Texts>(['./{zh,en}/*.json', '!./*/{common,terms,errors,codes}.json'], {
  import: 'default',
});

async function texts(language: Language, namespace: string): Promise<Texts | undefined> {
  if (SHARED.some((name) => name === namespace))
    return (await shared[language]())[namespace] as Texts | undefined;
  return pages[`./${language}/${namespace}.json`]?.();
}

/** Finds texts when they are first asked for. Whoever asks is drawn when they are there. */
const files: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read: (language, namespace, done) => {
    texts(isLanguage(language) ? language : 'en', namespace).then(
      (found) => (found === undefined ? done(`no ${namespace}`, null) : done(null, found)),
      (failure: unknown) => done(String(failure), null),
    );
  },
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

function tellBrowser(language: Language): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

export async function startI18n(language: Language = preferredLanguage()): Promise<void> {
  await i18next
    .use(files)
    .use(initReactI18next)
    .init({
      lng: language,
      fallbackLng: false,
      load: 'currentOnly',
      defaultNS: 'common',
      ns: [...SHARED],
      // What is not there now is not there in a second: the server was updated.
      maxRetries: 0,
      // React escapes.
      interpolation: { escapeValue: false },
      returnNull: false,
    });
  tellBrowser(language);
}

/** Has the texts of a page there before the page is drawn; fails like the loading of the page itself. */
export async function loadTexts(namespaces: readonly Namespace[]): Promise<void> {
  await i18next.loadNamespaces(namespaces);
  const missing = namespaces.filter((name) => !i18next.hasResourceBundle(i18next.language, name));
  if (missing.length > 0) throw new TypeError(`import of texts failed: ${missing.join(', ')}`);
}

/** Loads what was read until now in the other language, and then changes everything at once, or nothing. */
export async function chooseLanguage(language: Language): Promise<void> {
  const known = Object.keys(i18next.getDataByLanguage(i18next.language) ?? {});
  await Promise.all(known.map((namespace) => texts(language, namespace)));
  keepPreference('language', language);
  await i18next.changeLanguage(language);
  tellBrowser(language);
}
