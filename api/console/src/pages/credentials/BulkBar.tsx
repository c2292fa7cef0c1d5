import { Button, Group, Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { SelectionState } from '~/components';
import type { Counted } from '~/format';
import { IconDown } from '~/icons';
import { useIsAdministrator } from '~/session';
import { BulkDialog } from './BulkDialog';
import { ExportDialog } from './ExportDialog';
import type { CredentialFilter } from './query';
import { selectionOf, type BulkAction } from './useBulk';

/** What is at hand, and what is behind the menu. */
const FIRST: readonly BulkAction[] = ['refresh', 'enable', 'disable', 'tag'];
const MORE: readonly BulkAction[] = ['proxy', 'client_id', 'memo', 'retry'];

interface Props {
  selection: SelectionState;
  filter: CredentialFilter;
  /** How many the filter finds. */
  matching: Counted;
  /** The list shows deleted ones, which can only come back. */
  deleted: boolean;
  onStarted: (job: string) => void;
}

export function BulkBar({ selection, filter, matching, deleted, onStarted }: Props) {
  const { t } = useTranslation('credentials');
  const may = useIsAdministrator();
  const [asking, setAsking] = useState<BulkAction | 'export' | null>(null);
  const close = () => setAsking(null);
  const chosen = selection.selection;
  const count: Counted = chosen.kind === 'ids' ? { count: chosen.ids.size, more: false } : matching;
  const many = { selection: selectionOf(chosen, filter), count };
  const button = (action: BulkAction) => (
    <Button
      key={action}
      size="compact-sm"
      variant="default"
      disabled={!may}
      onClick={() => setAsking(action)}
    >
      {t(`bulk.${action}`)}
    </Button>
  );
  return (
    <>
      <Group gap={4} role="group" aria-label={t('bulk.label')}>
        {deleted ? (
          button('restore')
        ) : (
          <>
            {FIRST.map(button)}
            <Menu position="bottom-end" shadow="md">
              <Menu.Target>
                <Button
                  size="compact-sm"
                  variant="default"
                  disabled={!may}
                  rightSection={<IconDown size={13} />}
                >
                  {t('bulk.more')}
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                {MORE.map((action) => (
                  <Menu.Item key={action} onClick={() => setAsking(action)}>
                    {t(`bulk.${action}`)}
                  </Menu.Item>
                ))}
                <Menu.Divider />
                <Menu.Item onClick={() => setAsking('export')}>{t('bulk.export')}</Menu.Item>
                <Menu.Item c="var(--rtm-bad-fg)" onClick={() => setAsking('delete')}>
                  {t('bulk.delete')}
                </Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </>
        )}
      </Group>
      <BulkDialog
        action={asking === 'export' ? null : asking}
        {...many}
        onClose={close}
        onStarted={(job) => {
          selection.clear();
          onStarted(job);
        }}
      />
      <ExportDialog opened={asking === 'export'} {...many} onClose={close} />
    </>
  );
}
