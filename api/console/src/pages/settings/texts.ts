import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/format';
import type { Setting } from './query';
import { isUnset, timeParts, unitOf, type Fault } from './values';

/** What people call a setting; what this console does not know goes by what the server says of it. */
export function useSettingTexts() {
  const { t, i18n } = useTranslation(['settings', 'common']);
  const format = useFormat();
  return useMemo(() => {
    // Keys come from the server, so the texts are looked up by what they are called there.
    const known = (path: string): string | null =>
      i18n.exists(path, { ns: 'settings' }) ? t(path as 'title') : null;
    const time = (seconds: number) =>
      timeParts(seconds)
        .map(([unit, n]) => t(`common:time.unit.${unit}`, { n: format.number(n) }))
        .join(' ');
    const number = (key: string, value: number): string => {
      switch (unitOf(key)) {
        case 'seconds':
          return time(value);
        case 'days':
          return t('value.days', { count: value });
        case 'hours':
          return t('value.hours', { count: value });
        case 'perSecond':
          return t('value.perSecond', { n: format.number(value) });
        case 'none':
          return format.number(value);
      }
    };
    const label = (key: string) => known(`setting.${key}.label`) ?? key;
    const choice = (key: string, word: string) => known(`choice.${key}.${word}`) ?? word;
    const value = (key: string, given: unknown): string => {
      if (Array.isArray(given)) {
        if (given.length === 0) return t('value.nothing');
        return given.map((one) => value(key, one)).reduce((first, next) => t('value.then', { first, next }));
      }
      if (isUnset(given)) return t('value.unset');
      if (typeof given === 'boolean') return t(given ? 'value.on' : 'value.off');
      if (typeof given === 'number') return number(key, given);
      return typeof given === 'string' ? choice(key, given) : JSON.stringify(given);
    };
    return {
      label,
      help: ({ key, description }: Setting) => known(`setting.${key}.help`) ?? description,
      choice,
      choiceHelp: (key: string, word: string) => known(`choiceHelp.${key}.${word}`),
      value,
      number,
      fault: (key: string, fault: Fault): string => {
        if (fault.kind !== 'range') return t(`fault.${fault.kind}`);
        const least = number(key, fault.least);
        return fault.most === null
          ? t('fault.least', { least })
          : t('fault.range', { least, most: number(key, fault.most) });
      },
    };
  }, [t, i18n, format]);
}

export type SettingTexts = ReturnType<typeof useSettingTexts>;

/** The name in `environment variable X` or `command line, X`, as the server writes places. */
export function placeName(place: string): string {
  return place.replace(/^(?:environment variable |command line, )/, '');
}

/** Whether a setting is one that somebody looks for. */
export function matches(setting: Setting, search: string, texts: SettingTexts): boolean {
  const wanted = search.trim().toLocaleLowerCase();
  const found = [setting.key, texts.label(setting.key), texts.help(setting), setting.description];
  return wanted === '' || found.some((text) => text.toLocaleLowerCase().includes(wanted));
}
