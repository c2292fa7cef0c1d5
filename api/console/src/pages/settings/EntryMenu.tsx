import { Menu } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { RowButton } from '~/components';
import { IconDelete, IconEdit, IconMore } from '~/icons';

interface Props {
  name: string;
  may: boolean;
  onEdit: () => void;
  onDelete: () => void;
  children?: ReactNode;
}

/** What can be done with a named entry. */
export function EntryMenu({ name, may, onEdit, onDelete, children }: Props) {
  const { t } = useTranslation();
  return (
    <Menu position="bottom-end" withinPortal shadow="md">
      <Menu.Target>
        <RowButton aria-label={t('table.rowActions', { name })}>
          <IconMore size={17} />
        </RowButton>
      </Menu.Target>
      <Menu.Dropdown>
        {children}
        <Menu.Item leftSection={<IconEdit size={16} />} disabled={!may} onClick={onEdit}>
          {t('action.edit')}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconDelete size={16} />}
          disabled={!may}
          {...(may ? { c: 'var(--rtm-bad-fg)' } : {})}
          onClick={onDelete}
        >
          {t('action.delete')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
