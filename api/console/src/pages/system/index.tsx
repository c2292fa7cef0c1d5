import { useTranslation } from 'react-i18next';
import { EmptyState, PageHeader } from '~/components';

export function Component() {
  const { t } = useTranslation(['system', 'common']);
  return (
    <>
      <PageHeader title={t('system:title')} />
      <EmptyState kind="nothing" title={t('common:soon')} />
    </>
  );
}
