import { Group, Progress, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { useFormat } from '~/format';
import { JOB_STATES, type JobLook } from '~/theme/states';
import { Pill } from './Pill';

export type JobFigures = Pick<Schemas['Job'], 'action' | 'state' | 'total' | 'counts'>;

/** Finished is only good news where nothing failed. A dry run that finds faults has done what it is for. */
export function jobLook({ action, state, counts }: JobFigures): JobLook {
  return state === 'finished' && counts.failed > 0 && action !== 'dry_run' ? 'partial' : state;
}

interface Props {
  job: JobFigures;
  /** What the job does, for screen readers. */
  label: string;
}

/** How far a job is, in the same words everywhere. */
export function JobProgress({ job, label }: Props) {
  const { t } = useTranslation(['common', 'terms']);
  const format = useFormat();
  const look = jobLook(job);
  const { total = null } = job;
  const { done, failed, skipped, cancelled } = job.counts;
  const settled = done + failed + skipped;
  const share = (part: number) => (total === null || total === 0 ? 0 : (part / total) * 100);
  const sections = [
    { part: done, color: 'var(--rtm-ok-fg)', text: label },
    { part: failed, color: 'var(--rtm-bad-fg)', text: t('job.failed', { count: failed }) },
    { part: skipped + cancelled, color: 'var(--rtm-off-fg)', text: t('job.skipped', { count: skipped }) },
  ];
  return (
    <Stack gap={4} miw={200}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Pill look={JOB_STATES[look]}>{t(`terms:jobState.${look}`)}</Pill>
        <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
          {total === null
            ? format.number(settled)
            : t('job.progress', { done: format.number(settled), total: format.number(total) })}
          {failed > 0 ? (
            <Text span c="var(--rtm-bad-fg)" inherit>
              {' · '}
              {t('job.failed', { count: failed })}
            </Text>
          ) : null}
        </Text>
      </Group>
      <Progress.Root size="sm">
        {sections.map(({ part, color, text }, at) =>
          // The first one is what the bar is; the others only where they are something.
          at === 0 || part > 0 ? (
            <Progress.Section
              key={color}
              value={share(part)}
              color={color}
              animated={at === 0 && job.state === 'running'}
              aria-label={text}
            />
          ) : null,
        )}
      </Progress.Root>
    </Stack>
  );
}
