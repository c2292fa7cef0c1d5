import { Group, Progress, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/format';
import { JOB_STATES, type JobState } from '~/theme/states';
import { Pill } from './Pill';

interface Props {
  state: JobState;
  done: number;
  failed: number;
  /** `null`: not known yet. */
  total: number | null;
  /** What the job does, for screen readers. */
  label: string;
}

/** How far a job is, in the same words everywhere. `done` includes what failed. */
export function JobProgress({ state, done, failed, total, label }: Props) {
  const { t } = useTranslation(['common', 'terms']);
  const format = useFormat();
  const share = (part: number) => (total === null || total === 0 ? 0 : (part / total) * 100);
  const running = state === 'running' || state === 'cancelling';
  return (
    <Stack gap={4} miw={160}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Pill look={JOB_STATES[state]}>{t(`terms:jobState.${state}`)}</Pill>
        <Text size="sm" style={{ whiteSpace: 'nowrap' }}>
          {total === null
            ? format.number(done)
            : t('job.progress', { done: format.number(done), total: format.number(total) })}
          {failed > 0 ? (
            <Text span c="var(--rtm-bad-fg)" inherit>
              {' · '}
              {t('job.failed', { count: failed })}
            </Text>
          ) : null}
        </Text>
      </Group>
      <Progress.Root size="sm">
        <Progress.Section
          value={share(done - failed)}
          color="var(--rtm-ok-fg)"
          animated={running}
          aria-label={label}
        />
        {failed > 0 ? (
          <Progress.Section
            value={share(failed)}
            color="var(--rtm-bad-fg)"
            aria-label={t('job.failed', { count: failed })}
          />
        ) : null}
      </Progress.Root>
    </Stack>
  );
}
