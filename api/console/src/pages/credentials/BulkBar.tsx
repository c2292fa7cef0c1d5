import { Button, Group, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Selection } from '~/components';
import { useIsAdministrator } from '~/session';
import type { CredentialFilter } from './query';
import { BULK_ACTIONS, useBulk } from './useBulk';

export function BulkBar({ selection, filter }: { selection: Selection; filter: CredentialFilter }) {
  const { t } = useTranslation('credentials');
  const may = useIsAdministrator();
  const { available, start } = useBulk(selection, filter);
  return (
    <Tooltip label={t('bulk.notYet')} disabled={available}>
      <Group gap={4} role="group" aria-label={t('bulk.label')}>
        {BULK_ACTIONS.map((action) => (
          <Button
            key={action}
            size="compact-sm"
            variant="default"
            disabled={!may || !available}
            onClick={() => start(action)}
          >
            {t(`bulk.${action}`)}
          </Button>
        ))}
      </Group>
    </Tooltip>
  );
}
