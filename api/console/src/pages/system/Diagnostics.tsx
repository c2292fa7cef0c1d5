import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { saveFile } from '~/api';
import { CodeBlock, CopyButton, ProblemAlert } from '~/components';
import { IconDownload, IconReport } from '~/icons';
import { collect } from './diagnostics';
import classes from './system.module.css';

/** How a file with this time is named. */
function fileName(now: Date): string {
  return `rt-manage-diagnostics-${now.toISOString().slice(0, 19).replace(/[:T]/g, '-')}.json`;
}

function save(text: string): void {
  saveFile(new Blob([text], { type: 'application/json' }), fileName(new Date()));
}

/** A report for whoever helps. It is shown before it is given away. */
export function Diagnostics() {
  const { t } = useTranslation(['system', 'common']);
  const client = useQueryClient();
  const report = useMutation({ mutationFn: () => collect(client, new Date()) });
  const text = report.data;
  return (
    <>
      <Text size="sm">{t('diagnostics.lead')}</Text>
      <Text size="sm" c="dimmed" mb="sm">
        {t('diagnostics.contents')}
      </Text>
      <Group gap="xs" mb={text ? 'sm' : 0}>
        <Button
          variant={text ? 'default' : 'filled'}
          leftSection={<IconReport size={16} aria-hidden />}
          loading={report.isPending}
          onClick={() => report.mutate()}
        >
          {t(text ? 'diagnostics.again' : 'diagnostics.collect')}
        </Button>
        {text ? (
          <>
            <Button leftSection={<IconDownload size={16} aria-hidden />} onClick={() => save(text)}>
              {t('common:action.download')}
            </Button>
            <CopyButton value={text} words />
          </>
        ) : null}
      </Group>
      <ProblemAlert problem={report.error} />
      {text ? (
        <div className={classes.report}>
          <CodeBlock code={text} label={t('diagnostics.report')} />
        </div>
      ) : null}
    </>
  );
}
