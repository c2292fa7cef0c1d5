import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

/** Hours as the chart and its table write them, in local time. */
export function useHourFormat(): { short: (at: string) => string; long: (at: string) => string } {
  const { i18n } = useTranslation();
  return useMemo(() => {
    const locale = i18n.language === 'zh' ? 'zh-CN' : 'en-GB';
    const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
    const short = new Intl.DateTimeFormat(locale, time);
    const long = new Intl.DateTimeFormat(locale, { ...time, month: '2-digit', day: '2-digit' });
    return {
      short: (at) => short.format(new Date(at)),
      long: (at) => long.format(new Date(at)),
    };
  }, [i18n.language]);
}
