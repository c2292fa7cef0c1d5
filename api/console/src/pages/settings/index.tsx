import { useTranslation } from 'react-i18next';
import { EmptyState, PageHeader } from '~/components';

export function Component() {
  const { t } = useTranslation(['settings', 'common']);
  return (
    <>
      <PageHeader title={t('settings:title')} />
      <EmptyState kind="nothing" title={t('common:soon')} />
    </>
  );
}
