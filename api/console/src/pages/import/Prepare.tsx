import { Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/api';
import { Notice, ProblemAlert } from '~/components';
import { useFormat } from '~/format';
import { IconImport, IconInfo, IconSearch } from '~/icons';
import { idempotencyKey } from '~/jobs';
import { useIsAdministrator } from '~/session';
import { DefaultsForm } from './DefaultsForm';
import { DryRun, useTakenIn } from './DryRun';
import { DEFAULTS, stampOf, startImport } from './request';
import { SourceInput } from './SourceInput';
import type { Source } from './sources';

/** What is imported and how, a dry run, and the import. */
export function Prepare({ onStarted }: { onStarted: (job: string) => void }) {
  const { t } = useTranslation(['imports', 'common']);
  const format = useFormat();
  const may = useIsAdministrator();
  const [sources, setSources] = useState<readonly Source[]>([]);
  const [defaults, setDefaults] = useState(DEFAULTS);
  const [tried, setTried] = useState<{ id: string; stamp: string } | null>(null);
  const stamp = stampOf(sources, defaults);
  const stale = tried !== null && tried.stamp !== stamp;
  const takenIn = useTakenIn(tried?.id ?? null);

  const start = useMutation({
    mutationFn: (dryRun: boolean) => startImport({ sources, defaults, dryRun, key: idempotencyKey() }),
    onSuccess: (job, dryRun) => {
      if (dryRun) setTried({ id: job.id, stamp });
      // Leaving this part forgets the files and what they hold.
      else onStarted(job.id);
    },
  });
  const errors = start.error instanceof Problem ? start.error.fields : [];
  const ready = may && sources.some(({ form }) => form !== 'empty') && !start.isPending;

  return (
    <Stack gap="md">
      {may ? null : (
        <Notice role="note" look={{ tone: 'off', Icon: IconInfo }}>
          {t('common:administratorOnly')}
        </Notice>
      )}
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md">
        <SourceInput sources={sources} onChange={setSources} disabled={!may || start.isPending} />
        <DefaultsForm
          value={defaults}
          onChange={setDefaults}
          errors={errors}
          disabled={!may || start.isPending}
        />
      </SimpleGrid>
      <ProblemAlert problem={start.error} />
      <Group gap="xs">
        <Button
          variant={tried !== null && !stale ? 'default' : 'filled'}
          leftSection={<IconSearch size={16} />}
          disabled={!ready}
          loading={start.isPending && start.variables}
          onClick={() => start.mutate(true)}
        >
          {t('dryRun.verb')}
        </Button>
        <Button
          variant={tried !== null && !stale ? 'filled' : 'default'}
          leftSection={<IconImport size={16} />}
          disabled={!ready}
          loading={start.isPending && !start.variables}
          onClick={() => start.mutate(false)}
        >
          {takenIn === null || stale
            ? t('import.verb')
            : t('import.verbCount', { count: takenIn, many: format.number(takenIn) })}
        </Button>
        <Text size="sm" c="dimmed">
          {t(sources.length === 0 ? 'hint.add' : 'hint.dryRun')}
        </Text>
      </Group>
      {tried === null ? null : <DryRun key={tried.id} id={tried.id} stale={stale} />}
    </Stack>
  );
}
