import { useTranslation } from 'react-i18next';
import { EmptyState, PageHeader } from '~/components';

export function Component() {
  const { t } = useTranslation(['jobs', 'common']);
  return (
    <>
      <PageHeader title={t('jobs:title')} />
      <EmptyState kind="nothing" title={t('common:soon')} />
    </>
  );
}
