import { useSearchParams } from 'react-router';
import { useTranslation } from 'react-i18next';
import { PageHeader } from '~/components';
import { Prepare } from './Prepare';
import { Running } from './Running';
import { Templates } from './Templates';

/** Preparing an import; or, where the address names its job, watching it. Tokens are in neither. */
export function Component() {
  const { t } = useTranslation('imports');
  const [params, setParams] = useSearchParams();
  const job = params.get('job');
  return (
    <>
      <PageHeader title={t('title')} lead={t('lead')} actions={<Templates />} />
      {job === null ? (
        <Prepare onStarted={(id) => setParams({ job: id })} />
      ) : (
        <Running key={job} id={job} onMore={() => setParams({})} />
      )}
    </>
  );
}
