import { useTranslation } from 'react-i18next';
import { EmptyState, PageHeader } from '~/components';

export function Component() {
  const { t } = useTranslation(['credential', 'common']);
  return (
    <>
      <PageHeader title={t('credential:title')} />
      <EmptyState kind="nothing" title={t('common:soon')} />
    </>
  );
}
