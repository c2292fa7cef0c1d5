import { Button, Group, Stack, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { ProblemAlert } from '~/components';
import { useFormat } from '~/format';
import { IconCredentials, IconDownload, IconImport } from '~/icons';
import { hasEnded, JobCard, JobItems, resultsUrl, useJob } from '~/jobs';
import { Verdicts } from './Verdicts';

/** An import that was begun: how far it is, and what became of the rows. */
export function Running({ id, onMore }: { id: string; onMore: () => void }) {
  const { t } = useTranslation('imports');
  const format = useFormat();
  const { data: job, error } = useJob(id);
  const failed = job?.counts.failed ?? 0;
  return (
    <Stack gap="md">
      <JobCard id={id} />
      {error && job === undefined ? <ProblemAlert problem={error} /> : null}
      {job ? (
        <>
          <Verdicts job={job} />
          {hasEnded(job) ? (
            <Group gap="xs">
              <Button component={Link} to="/credentials" leftSection={<IconCredentials size={16} />}>
                {t('running.toList')}
              </Button>
              <Button variant="default" leftSection={<IconImport size={16} />} onClick={onMore}>
                {t('running.more')}
              </Button>
              {failed > 0 ? (
                <Button
                  component="a"
                  href={resultsUrl(job.id, 'csv', ['failed'])}
                  download
                  variant="default"
                  leftSection={<IconDownload size={16} />}
                >
                  {t('running.failures', { count: failed, many: format.number(failed) })}
                </Button>
              ) : null}
            </Group>
          ) : null}
          <Title order={2}>{t('rows')}</Title>
          <JobItems job={job} />
        </>
      ) : null}
    </Stack>
  );
}
