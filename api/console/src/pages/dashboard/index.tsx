import { useTranslation } from 'react-i18next';
import { EmptyState, PageHeader } from '~/components';

export function Component() {
  const { t } = useTranslation(['dashboard', 'common']);
  return (
    <>
      <PageHeader title={t('dashboard:title')} />
      <EmptyState kind="nothing" title={t('common:soon')} />
    </>
  );
}
