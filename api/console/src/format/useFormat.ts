import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Format } from './format';

export function useFormat(): Format {
  const { t, i18n } = useTranslation();
  return useMemo(() => new Format(i18n.language, t), [i18n.language, t]);
}
