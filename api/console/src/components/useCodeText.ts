import { useTranslation } from 'react-i18next';

/** What a code of an attempt or of a job's item means; `null` where only the code itself is known. */
export function useCodeText(): (code: string) => string | null {
  const { t, i18n } = useTranslation('codes');
  return (code) => {
    const status = /^http_(\d+)$/.exec(code)?.[1];
    if (status !== undefined) return t('http', { status });
    // The keys are open here: codes come from the server and from the upstream.
    return i18n.exists(code, { ns: 'codes' }) ? t(code as 'invalid') : null;
  };
}
