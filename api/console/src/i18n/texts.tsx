import type { i18n as I18n, TFunction } from 'i18next';
import { createContext, use, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

type Shared = ['common', 'terms'];

interface Texts {
  t: TFunction<Shared>;
  i18n: I18n;
}

const Context = createContext<Texts | null>(null);

/** Finds the texts that cells of tables say, once for all of them. */
export function TextsProvider({ children }: { children: ReactNode }) {
  const { t, i18n } = useTranslation<Shared>(['common', 'terms']);
  return <Context value={{ t, i18n }}>{children}</Context>;
}

/**
 * The texts of `common`, and those of `terms` by `terms:…`. Instead of `useTranslation` where a page has hundreds of the component:
 * that one copies the library's instance for each.
 */
export function useTexts(): Texts {
  const texts = use(Context);
  if (texts === null) throw new Error('there is no TextsProvider');
  return texts;
}
