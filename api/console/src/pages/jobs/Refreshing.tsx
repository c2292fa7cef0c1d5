import { Button, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmDialog, Pill, RelativeTime } from '~/components';
import { useFormat } from '~/format';
import { IconCritical, IconHealthy, IconPause, IconResume } from '~/icons';
import { useStatus } from '~/layout/status';
import { useIsAdministrator } from '~/session';
import { useSwitches } from './actions';
import { PauseDialog } from './PauseDialog';
import { statsQuery } from '../dashboard/query';

/** Whether tokens are refreshed at all, and the switch for it. */
export function Refreshing() {
  const { t } = useTranslation('jobs');
  const status = useStatus().data;
  const may = useIsAdministrator();
  const [asking, setAsking] = useState<'pause' | 'resume' | 'lift' | null>(null);
  const close = () => setAsking(null);
  const halted = status?.switches.find(({ name }) => name === 'halted');
  const paused = status?.switches.find(({ name }) => name === 'paused');
  const on = halted ?? paused;
  const look = halted
    ? ({ tone: 'bad', Icon: IconCritical } as const)
    : paused
      ? ({ tone: 'doubt', Icon: IconPause } as const)
      : ({ tone: 'ok', Icon: IconHealthy } as const);
  return (
    <Group gap="sm" mih={30}>
      {status === undefined ? null : (
        <>
          <Pill look={look} busy={false}>
            {t(halted ? 'refreshing.halted' : paused ? 'refreshing.paused' : 'refreshing.on')}
          </Pill>
          {on ? (
            <Text size="sm">
              {on.reason} · <RelativeTime at={on.since} />
            </Text>
          ) : null}
          {halted ? (
            <Button size="compact-sm" color="red.9" disabled={!may} onClick={() => setAsking('lift')}>
              {t('lift.verb')}
            </Button>
          ) : null}
          {paused ? (
            <Button
              size="compact-sm"
              leftSection={<IconResume size={15} />}
              disabled={!may}
              onClick={() => setAsking('resume')}
            >
              {t('resume.verb')}
            </Button>
          ) : (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconPause size={15} />}
              disabled={!may}
              onClick={() => setAsking('pause')}
            >
              {t('pause.all')}
            </Button>
          )}
        </>
      )}
      <PauseAll opened={asking === 'pause'} onClose={close} />
      <ResumeAll opened={asking === 'resume'} onClose={close} />
      <Lift opened={asking === 'lift'} onClose={close} />
    </Group>
  );
}

interface DialogProps {
  opened: boolean;
  onClose: () => void;
}

function PauseAll({ opened, onClose }: DialogProps) {
  const { t } = useTranslation('jobs');
  const format = useFormat();
  const due = useQuery({ ...statsQuery, enabled: opened }).data?.credentials?.due;
  return (
    <PauseDialog
      opened={opened}
      onClose={onClose}
      title={t('pause.title')}
      consequences={[
        t('pause.noStart'),
        t('pause.inFlight'),
        t('pause.handOut'),
        ...(due
          ? [
              t('pause.due', {
                hour: format.number(due.within_1_hour),
                day: format.number(due.within_24_hours),
              }),
            ]
          : []),
      ]}
    />
  );
}

function ResumeAll({ opened, onClose }: DialogProps) {
  const { t } = useTranslation('jobs');
  const format = useFormat();
  const { resume } = useSwitches();
  const queue = useQuery({ ...statsQuery, enabled: opened }).data?.queue.waiting;
  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title={t('resume.title')}
      consequences={[
        t('resume.what'),
        ...(queue ? [t('resume.waiting', { count: queue.count, many: format.count(queue) })] : []),
      ]}
      confirmLabel={t('resume.verb')}
      onConfirm={() => resume.mutateAsync({ switch: 'paused' })}
    />
  );
}

function Lift({ opened, onClose }: DialogProps) {
  const { t } = useTranslation('jobs');
  const { resume } = useSwitches();
  return (
    <ConfirmDialog
      opened={opened}
      onClose={onClose}
      title={t('lift.title')}
      consequences={[t('lift.why'), t('lift.read'), t('lift.what')]}
      confirmLabel={t('lift.verb')}
      danger
      typeToConfirm={t('lift.type')}
      onConfirm={() => resume.mutateAsync({ switch: 'halted', confirm: true })}
    />
  );
}
