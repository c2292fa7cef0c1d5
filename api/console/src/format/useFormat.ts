import type { i18n as I18n } from 'i18next';
import { useTexts } from '~/i18n/texts';
import { Format } from './format';

/** One for each language: a page of a table has hundreds of times, and what writes them is dear to make. */
const formats = new Map<string, Format>();

function formatOf(i18n: I18n): Format {
  const { language } = i18n;
  const known = formats.get(language);
  if (known !== undefined) return known;
  const made = new Format(language, i18n.getFixedT(language, 'common'));
  formats.set(language, made);
  return made;
}

export function useFormat(): Format {
  return formatOf(useTexts().i18n);
}
