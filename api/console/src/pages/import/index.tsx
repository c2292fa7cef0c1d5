import { useTranslation } from 'react-i18next';
import { EmptyState, PageHeader } from '~/components';

export function Component() {
  const { t } = useTranslation(['imports', 'common']);
  return (
    <>
      <PageHeader title={t('imports:title')} />
      <EmptyState kind="nothing" title={t('common:soon')} />
    </>
  );
}
