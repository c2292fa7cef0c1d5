import { useTranslation } from 'react-i18next';
import { EmptyState, PageHeader } from '~/components';

export function Component() {
  const { t } = useTranslation(['api', 'common']);
  return (
    <>
      <PageHeader title={t('api:title')} />
      <EmptyState kind="nothing" title={t('common:soon')} />
    </>
  );
}
