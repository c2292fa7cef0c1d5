import { Button, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useFormat } from '~/format';
import { IconRefresh } from '~/icons';
import { CancelJob, hasEnded, useJobActions, type Job } from '~/jobs';
import { useIsAdministrator } from '~/session';

/** Cancels a job that runs, or tries again what failed in one that has ended. */
export function JobActions({ job, compact = false }: { job: Job; compact?: boolean }) {
  const { t } = useTranslation('jobs');
  const format = useFormat();
  const navigate = useNavigate();
  const may = useIsAdministrator();
  const { retry } = useJobActions();
  const size = compact ? 'compact-sm' : 'sm';
  if (!hasEnded(job)) return <CancelJob job={job} size={size} />;
  // Nothing was taken in, so nothing of it can be tried again; the file can.
  if (job.counts.failed === 0 || job.action === 'dry_run') return null;
  const verb = t('retry.verb', { count: job.counts.failed, many: format.number(job.counts.failed) });
  return (
    <Button
      size={size}
      aria-label={verb}
      variant="default"
      leftSection={<IconRefresh size={15} />}
      disabled={!may}
      loading={retry.isPending}
      onClick={() => retry.mutate(job, { onSuccess: ({ id }) => void navigate(`/jobs/${id}`) })}
    >
      {/* In a row it stays in sight, and on a narrow screen would cover the others. */}
      <Text span inherit {...(compact ? { visibleFrom: 'sm' } : {})}>
        {verb}
      </Text>
    </Button>
  );
}
