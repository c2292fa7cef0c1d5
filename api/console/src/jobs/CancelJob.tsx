import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmDialog } from '~/components';
import { useFormat } from '~/format';
import { IconStop } from '~/icons';
import { useIsAdministrator } from '~/session';
import { useJobActions } from './actions';
import { useJobTitle } from './describe';
import type { Job } from './query';

/** Cancels a job, after saying what stays done. */
export function CancelJob({ job, size = 'compact-sm' }: { job: Job; size?: 'compact-sm' | 'sm' }) {
  const { t } = useTranslation(['jobs', 'common']);
  const may = useIsAdministrator();
  const format = useFormat();
  const title = useJobTitle();
  const { cancel } = useJobActions();
  const [asking, setAsking] = useState(false);
  const { counts } = job;
  const settled = counts.done + counts.failed + counts.skipped;
  return (
    <>
      <Button
        size={size}
        variant="default"
        leftSection={<IconStop size={15} />}
        disabled={!may || job.state === 'cancelling'}
        onClick={() => setAsking(true)}
      >
        {t('cancel.verb')}
      </Button>
      <ConfirmDialog
        opened={asking}
        onClose={() => setAsking(false)}
        title={t('cancel.title', { job: title(job) })}
        consequences={[
          t('cancel.done', { count: settled, many: format.number(settled) }),
          ...(counts.running > 0
            ? [t('cancel.running', { count: counts.running, many: format.number(counts.running) })]
            : []),
          job.total === null || job.total === undefined
            ? t('cancel.rest')
            : t('cancel.waiting', { count: counts.waiting, many: format.number(counts.waiting) }),
        ]}
        confirmLabel={t('cancel.verb')}
        closeLabel={t('cancel.keep')}
        danger
        onConfirm={() => cancel.mutateAsync(job)}
      />
    </>
  );
}
