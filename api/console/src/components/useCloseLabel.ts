import { useTranslation } from 'react-i18next';

/** The cross of a dialog has no words of its own: for `closeButtonProps` of `Modal`. */
export function useCloseLabel() {
  const { t } = useTranslation();
  return { 'aria-label': t('action.close') };
}
