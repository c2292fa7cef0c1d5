import { ActionIcon, Button, Checkbox, Popover, Stack, Tooltip } from '@mantine/core';
import { memo, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconColumns } from '~/icons';
import { isTextList, keepPreference, readPreference } from '~/preferences';
import type { Column } from './DataTable';

interface Chosen<T> {
  visible: readonly Column<T>[];
  isShown: (key: string) => boolean;
  choose: (keys: readonly string[]) => void;
  reset: () => void;
}

/** Which columns of a table are shown; kept on this device. */
export function useColumns<T>(table: string, columns: readonly Column<T>[]): Chosen<T> {
  const name = `columns.${table}`;
  const [kept, setKept] = useState<readonly string[] | null>(() => {
    const value = readPreference(name);
    return isTextList(value) ? value : null;
  });
  return useMemo(() => {
    const isShown = (key: string) => {
      const column = columns.find((each) => each.key === key);
      if (column === undefined) return false;
      return column.fixed === true || (kept === null ? column.hidden !== true : kept.includes(key));
    };
    const keep = (keys: readonly string[] | null) => {
      setKept(keys);
      keepPreference(name, keys);
    };
    return {
      visible: columns.filter(({ key }) => isShown(key)),
      isShown,
      choose: keep,
      reset: () => keep(null),
    };
  }, [columns, kept, name]);
}

/** Drawn again when the columns are other ones, not with each of their rows. */
export const ColumnChooser = memo(Chooser) as typeof Chooser;

function Chooser<T>({ columns, isShown, choose, reset }: { columns: readonly Column<T>[] } & Chosen<T>) {
  const { t } = useTranslation();
  const free = columns.filter((column) => column.fixed !== true && column.title !== '');
  return (
    <Popover position="bottom-end" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label={t('table.chooseColumns')}>
          <ActionIcon aria-label={t('table.chooseColumns')}>
            <IconColumns size={18} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p="sm" aria-label={t('table.columns')}>
        <Checkbox.Group
          aria-label={t('table.columns')}
          value={free.filter(({ key }) => isShown(key)).map(({ key }) => key)}
          onChange={choose}
        >
          <Stack gap={6}>
            {free.map(({ key, title }) => (
              <Checkbox key={key} size="xs" value={key} label={title} />
            ))}
          </Stack>
        </Checkbox.Group>
        <Button size="compact-sm" variant="subtle" mt="xs" onClick={reset}>
          {t('table.resetColumns')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  );
}
