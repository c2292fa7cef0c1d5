import { Button, Popover, Stack, Text, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Pill } from '~/components';
import { IconOffline, IconOnline, IconPause, IconPending, IconPolling } from '~/icons';
import { useLive, type LiveState } from '~/query';
import type { Look } from '~/theme/states';

const LOOKS: Record<LiveState, Look> = {
  connecting: { tone: 'off', Icon: IconPending },
  live: { tone: 'ok', Icon: IconOnline },
  polling: { tone: 'doubt', Icon: IconPolling },
  lost: { tone: 'bad', Icon: IconOffline },
  paused: { tone: 'off', Icon: IconPause },
};

/** Whether what is on the page is up to date. A lost connection is shown, not hidden. */
export function LiveIndicator() {
  const { t } = useTranslation();
  const { state, retryNow } = useLive();
  return (
    <Popover position="bottom-end" shadow="md" width={260}>
      <Popover.Target>
        <UnstyledButton display="flex" aria-live="polite" data-live={state}>
          <Pill look={LOOKS[state]} busy={false}>
            {t(`live.${state}`)}
          </Pill>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown aria-label={t(`live.${state}`)}>
        <Stack gap="xs" align="flex-start">
          <Text size="sm">{t(`live.help.${state}`)}</Text>
          {state === 'live' ? null : (
            <Button size="compact-sm" variant="default" onClick={retryNow}>
              {t('live.retry')}
            </Button>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
