import { VisuallyHidden } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './settings.module.css';

/** `before → after`, also for those who do not see the arrow. */
export function Change({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation('settings');
  return (
    <span>
      <VisuallyHidden>{`${t('review.before')}: `}</VisuallyHidden>
      <span className={classes.before}>{before}</span>
      <span aria-hidden> → </span>
      <VisuallyHidden>{`, ${t('review.after')}: `}</VisuallyHidden>
      <span className={classes.after}>{after}</span>
    </span>
  );
}
