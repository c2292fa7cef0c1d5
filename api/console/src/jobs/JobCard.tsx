import { ActionIcon, Anchor, Group, Paper, Text, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { JobProgress, LoadProblem, useCodeText, useServerText } from '~/components';
import { useFormat } from '~/format';
import { IconClose } from '~/icons';
import { CancelJob } from './CancelJob';
import { useJobTitle } from './describe';
import { hasEnded } from './query';
import { useJob } from './useJob';

interface Props {
  id: string;
  /** Takes the card away, when the job has ended. */
  onDismiss?: () => void;
}

/** A job where it was begun: how far it is, with what can be done about it. */
export function JobCard({ id, onDismiss }: Props) {
  const { t } = useTranslation(['jobs', 'common']);
  const format = useFormat();
  const title = useJobTitle();
  const codeText = useCodeText();
  const serverText = useServerText();
  const { data: job, error, refetch } = useJob(id);
  if (job === undefined) {
    return error ? (
      <LoadProblem problem={error} shown={false} retry={() => void refetch()} />
    ) : (
      <Paper p="sm" mih={74} aria-busy />
    );
  }
  const ended = hasEnded(job);
  return (
    <Paper p="sm" component="section" aria-label={title(job)}>
      <Group justify="space-between" gap="xs" mb={6}>
        <Text fw={600} size="sm">
          {title(job)}
        </Text>
        <Group gap="xs">
          {!ended && job.remaining_seconds != null ? (
            <Text size="xs" c="dimmed">
              {t('remaining', { time: format.duration(job.remaining_seconds) })}
            </Text>
          ) : null}
          {ended ? null : <CancelJob job={job} />}
          <Anchor component={Link} to={`/jobs/${job.id}`} size="sm">
            {t('results')}
          </Anchor>
          {ended && onDismiss ? (
            <Tooltip label={t('common:action.close')}>
              <ActionIcon size="sm" aria-label={t('common:action.close')} onClick={onDismiss}>
                <IconClose size={15} />
              </ActionIcon>
            </Tooltip>
          ) : null}
        </Group>
      </Group>
      <JobProgress job={job} label={title(job)} />
      {job.code != null ? (
        <Text size="sm" c="var(--rtm-bad-fg)" mt={6}>
          {codeText(job.code) ?? (job.detail == null ? job.code : serverText(job.detail))}
        </Text>
      ) : null}
    </Paper>
  );
}
