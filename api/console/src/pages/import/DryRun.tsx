import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useQuery } from '@tanstack/react-query';
import { Pill } from '~/components';
import { useFormat } from '~/format';
import { IconDownload } from '~/icons';
import { hasEnded, JobCard, JobItems, resultsUrl, useJob } from '~/jobs';
import { SEVERITIES } from '~/theme/states';
import { codeCountsQuery } from './codeCounts';
import { Verdicts, verdicts } from './Verdicts';

interface Props {
  id: string;
  /** The files or the defaults have changed since. */
  stale: boolean;
}

/** What an import would do. */
export function DryRun({ id, stale }: Props) {
  const { t } = useTranslation('imports');
  const format = useFormat();
  const { data: job } = useJob(id);
  if (job === undefined) return <JobCard id={id} />;
  const failed = job.counts.failed;
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <Title order={2}>{t('dryRun.title')}</Title>
        {stale ? <Pill look={SEVERITIES.warning}>{t('dryRun.stale')}</Pill> : null}
      </Group>
      {hasEnded(job) && job.state === 'finished' ? null : <JobCard id={id} />}
      <Verdicts job={job} />
      <Group gap="sm">
        <Text size="sm">{t('dryRun.nothing')}</Text>
        {failed > 0 ? (
          <Button
            component="a"
            size="compact-sm"
            href={resultsUrl(job.id, 'csv', ['failed'])}
            download
            variant="subtle"
            leftSection={<IconDownload size={15} />}
          >
            {t('running.failures', { count: failed, many: format.number(failed) })}
          </Button>
        ) : null}
      </Group>
      {/* What has to be mended comes first. */}
      {hasEnded(job) ? <JobItems job={job} initial={failed > 0 ? ['failed'] : []} /> : null}
    </Stack>
  );
}

/** How many rows an import would take in; `null` until it is known. */
export function useTakenIn(id: string | null): number | null {
  const { data: job } = useJob(id);
  const codes = useQuery(codeCountsQuery(job)).data;
  if (codes === undefined) return null;
  const { created, updated } = verdicts(codes);
  return created + updated;
}
