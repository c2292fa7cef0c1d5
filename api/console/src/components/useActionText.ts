import { useTranslation } from 'react-i18next';

/** What somebody did, as the audit log names it; the name itself where a newer server has one that is not known here. */
export function useActionText(): (action: string) => string {
  const { t, i18n } = useTranslation('terms');
  return (action) =>
    // The keys are open here: actions come from the server.
    i18n.exists(`deed.${action}`, { ns: 'terms' }) ? t(`deed.${action}` as 'deed.session.open') : action;
}
