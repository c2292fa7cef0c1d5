import { Anchor, Button, Group, Menu, Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import {
  BackLink,
  CopyButton,
  JobProgress,
  KeyValue,
  LoadProblem,
  Notice,
  PageHeader,
  RelativeTime,
  useCodeText,
  useServerText,
} from '~/components';
import { useFormat } from '~/format';
import { IconDown, IconDownload } from '~/icons';
import { CreatedBy, hasEnded, JobItems, resultsUrl, useJob, useJobSpec, useJobTitle, type Job } from '~/jobs';
import { JOB_STATES } from '~/theme/states';
import { JobActions } from './JobActions';

export function JobDetail({ id }: { id: string }) {
  const { t } = useTranslation('jobs');
  const title = useJobTitle();
  const { data: job, error, refetch } = useJob(id);
  const back = <BackLink to="/jobs">{t('title')}</BackLink>;
  if (job === undefined) {
    return (
      <>
        <PageHeader title={t('detail.title')} back={back} />
        {error ? (
          <LoadProblem problem={error} shown={false} retry={() => void refetch()} />
        ) : (
          <Paper mih={240} aria-busy />
        )}
      </>
    );
  }
  return (
    <>
      <PageHeader
        title={title(job)}
        back={back}
        actions={
          <>
            <Download job={job} />
            <JobActions job={job} />
          </>
        }
      />
      <Stack gap="md">
        <LoadProblem problem={error} shown retry={() => void refetch()} />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
          <Progress job={job} />
          <Facts job={job} />
        </SimpleGrid>
        <JobItems job={job} />
      </Stack>
    </>
  );
}

function Progress({ job }: { job: Job }) {
  const { t } = useTranslation(['jobs', 'terms']);
  const format = useFormat();
  const title = useJobTitle();
  const codeText = useCodeText();
  const serverText = useServerText();
  const { counts, rate_per_second: rate, remaining_seconds: left } = job;
  const figures = (['done', 'failed', 'skipped', 'running', 'waiting', 'cancelled'] as const).map(
    (name) => [t(`terms:itemState.${name}`), format.number(counts[name])] as const,
  );
  return (
    <Paper p="md" component="section" aria-label={t('detail.progress')}>
      <JobProgress job={job} label={title(job)} />
      {job.code != null ? (
        <Notice role="note" look={JOB_STATES.failed} title={codeText(job.code) ?? job.code}>
          {job.detail == null ? null : serverText(job.detail)}
        </Notice>
      ) : null}
      <SimpleGrid cols={{ base: 3, sm: 6, md: 3, xl: 6 }} spacing="xs" mt="sm">
        {figures.map(([name, value]) => (
          <div key={name}>
            <Text size="xs" c="dimmed">
              {name}
            </Text>
            <Text fw={600} size="lg">
              {value}
            </Text>
          </div>
        ))}
      </SimpleGrid>
      {/* Kept in place, so that nothing moves when the job ends. */}
      <Text size="sm" c="dimmed" mt="xs" mih="1.5em">
        {[
          rate == null ? null : t('rate', { rate: format.number(rate) }),
          left == null ? null : t('remaining', { time: format.duration(left) }),
        ]
          .filter((part) => part !== null)
          .join(' · ')}
      </Text>
    </Paper>
  );
}

function Facts({ job }: { job: Job }) {
  const { t } = useTranslation('jobs');
  const spec = useJobSpec()(job);
  return (
    <Paper p="md" component="section" aria-label={t('detail.facts')}>
      <KeyValue
        items={[
          ...spec,
          job.retry_of == null
            ? null
            : [
                t('retryOf'),
                <Anchor key="former" component={Link} to={`/jobs/${job.retry_of}`} size="sm">
                  {job.retry_of}
                </Anchor>,
              ],
          [t('column.created_by'), <CreatedBy key="by" job={job} />],
          [t('column.created_at'), <RelativeTime key="created" at={job.created_at} />],
          [t('column.started_at'), <RelativeTime key="started" at={job.started_at} />],
          [t('column.finished_at'), <RelativeTime key="finished" at={job.finished_at} />],
          [
            'ID',
            <Group key="id" gap={4} wrap="nowrap">
              <Text span ff="monospace" size="xs">
                {job.id}
              </Text>
              <CopyButton value={job.id} />
            </Group>,
          ],
        ]}
      />
    </Paper>
  );
}

/** Results as files. Of a job that runs it is what there is until now. */
function Download({ job }: { job: Job }) {
  const { t } = useTranslation('jobs');
  const files = (['csv', 'jsonl'] as const).flatMap((format) => [
    { format, state: [] as const, label: t('download.all', { format: format.toUpperCase() }) },
    ...(job.counts.failed > 0
      ? [
          {
            format,
            state: ['failed'] as const,
            label: t('download.failed', { format: format.toUpperCase() }),
          },
        ]
      : []),
  ]);
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button
          variant="default"
          leftSection={<IconDownload size={16} />}
          rightSection={<IconDown size={14} />}
          disabled={!hasEnded(job) && job.counts.done + job.counts.failed + job.counts.skipped === 0}
        >
          {t('download.verb')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {files.map(({ format, state, label }) => (
          <Menu.Item key={label} component="a" href={resultsUrl(job.id, format, state)} download>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
