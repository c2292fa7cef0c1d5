import { Group, Paper, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';
import { Problem } from '~/api';
import { BackLink, LoadProblem, PageHeader, StateBadge } from '~/components';
import { Attempts } from './Attempts';
import { Cards } from './Cards';
import { EditDialog } from './EditDialog';
import { Finding } from './Finding';
import { Gone } from './Gone';
import { Handouts } from './Handouts';
import { MoreMenu } from './MoreMenu';
import { credentialQuery, type Credential } from './query';
import { RefreshButton, RefreshOutcome, useRefreshNow } from './RefreshNow';
import { ReplaceDialog } from './ReplaceDialog';

export function Component() {
  const { id = '' } = useParams();
  return <Page key={id} id={id} />;
}

function Page({ id }: { id: string }) {
  const { t } = useTranslation(['credential', 'credentials']);
  const { data, error, refetch } = useQuery(credentialQuery(id));
  const back = <BackLink to="/credentials">{t('credentials:title')}</BackLink>;
  if (error instanceof Problem && error.status === 404) {
    return (
      <>
        <PageHeader title={data?.biz_id ?? t('title')} back={back} />
        <Gone id={id} name={data?.biz_id} />
      </>
    );
  }
  return (
    <>
      {data === undefined ? <PageHeader title={t('title')} back={back} /> : null}
      <LoadProblem problem={error} shown={data !== undefined} retry={() => void refetch()} />
      {data === undefined ? (
        error ? null : (
          <Paper mih={480} aria-busy />
        )
      ) : (
        <Detail credential={data} back={back} />
      )}
    </>
  );
}

function Detail({ credential, back }: { credential: Credential; back: ReactNode }) {
  const [dialog, setDialog] = useState<'edit' | 'replace' | null>(null);
  const close = () => setDialog(null);
  const onEdit = () => setDialog('edit');
  const onReplace = () => setDialog('replace');
  const refresh = useRefreshNow(credential.id);
  return (
    <>
      <PageHeader
        title={credential.biz_id}
        back={back}
        lead={
          <Group gap="xs">
            <StateBadge
              state={credential.state}
              enabled={credential.enabled}
              reason={credential.state_reason}
            />
            {credential.email}
          </Group>
        }
        actions={
          <>
            <MoreMenu credential={credential} onEdit={onEdit} onReplace={onReplace} />
            <RefreshButton credential={credential} refresh={refresh} />
          </>
        }
      />
      <Stack gap="md">
        <RefreshOutcome refresh={refresh} />
        <Finding credential={credential} onReplace={onReplace} onEdit={onEdit} />
        <Cards credential={credential} onEdit={onEdit} onReplace={onReplace} />
        <Attempts id={credential.id} />
        <Handouts id={credential.id} />
      </Stack>
      <EditDialog credential={credential} opened={dialog === 'edit'} onClose={close} />
      <ReplaceDialog credential={credential} opened={dialog === 'replace'} onClose={close} />
    </>
  );
}
