import { Button, Checkbox, Group, Popover, Radio, ScrollArea, Stack, Text } from '@mantine/core';
import { useCallbackRef, useDisclosure } from '@mantine/hooks';
import clsx from 'clsx';
import { memo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconClearFilter, IconDown, IconFilter } from '~/icons';
import classes from './FilterBar.module.css';
import { listOf, listText } from './listText';
import { SearchField, type Search } from './SearchField';

export interface FilterOption {
  value: string;
  label: string;
  /** How many there are, as text: `1,234` or `10,000+`. */
  count?: string | undefined;
  /** Instead of the label, such as a `StateBadge`. */
  show?: ReactNode;
}

export interface Filter {
  name: string;
  label: string;
  options: readonly FilterOption[];
  /** Several values at once. */
  multiple?: boolean;
}

interface Props {
  search?: Search;
  filters: readonly Filter[];
  /** By name; several values are separated by commas. */
  values: Readonly<Partial<Record<string, string>>>;
  onChange: (name: string, value: string | null) => void;
  onClear: () => void;
  active: number;
  /** Stands at the end of the row. */
  children?: ReactNode;
}

/** Search and filters above a list. `/` leads to the search. Values live in the address: `useTableUrl`. */
export function FilterBar({ search, filters, values, onChange, onClear, active, children }: Props) {
  const { t } = useTranslation();
  const [open, { toggle }] = useDisclosure(false);
  const change = useCallbackRef(onChange);
  return (
    <div className={clsx(classes.bar, !open && classes.closed)} role="search" aria-label={t('filter.label')}>
      {search ? <SearchField {...search} /> : null}
      <Button
        hiddenFrom="sm"
        size="xs"
        variant="default"
        leftSection={<IconFilter size={16} />}
        onClick={toggle}
        aria-expanded={open}
      >
        {active > 0 ? t('filter.active', { count: active }) : t('filter.label')}
      </Button>
      {filters.map((filter) => (
        <div key={filter.name} data-filter>
          <FilterMenu filter={filter} value={values[filter.name]} onChange={change} />
        </div>
      ))}
      {active > 0 ? (
        <Button size="xs" variant="subtle" leftSection={<IconClearFilter size={16} />} onClick={onClear}>
          {t('filter.clear')}
        </Button>
      ) : null}
      {children}
    </div>
  );
}

interface MenuProps {
  filter: Filter;
  value: string | undefined;
  onChange: (name: string, value: string | null) => void;
}

/** Drawn again when it is another filter or value: there are many of them, and each is dear. */
const FilterMenu = memo(({ filter, value, onChange }: MenuProps) => {
  const { name, label, options, multiple = false } = filter;
  const chosen = value === undefined ? [] : multiple ? listOf(value) : [value];
  const names = chosen.map((each) => options.find((option) => option.value === each)?.label ?? each);
  return (
    <Popover position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant={chosen.length > 0 ? 'light' : 'default'}
          rightSection={<IconDown size={14} aria-hidden />}
          maw={260}
        >
          <Text span inherit truncate>
            {label}
            {names.length > 0
              ? `: ${names.slice(0, 2).join(', ')}${names.length > 2 ? ` +${names.length - 2}` : ''}`
              : ''}
          </Text>
        </Button>
      </Popover.Target>
      <Popover.Dropdown p="xs" miw={220} aria-label={label}>
        <FilterOptions {...{ label, options, multiple, chosen }} onChange={(next) => onChange(name, next)} />
      </Popover.Dropdown>
    </Popover>
  );
});
FilterMenu.displayName = 'FilterMenu';

interface OptionsProps {
  label: string;
  options: readonly FilterOption[];
  multiple: boolean;
  chosen: readonly string[];
  onChange: (value: string | null) => void;
}

function FilterOptions({ label, options, multiple, chosen, onChange }: OptionsProps) {
  const { t } = useTranslation();
  // What is chosen stays there to be taken away, also where the answer does not list it.
  const missing = chosen.filter((value) => !options.some((option) => option.value === value));
  const all = [...options, ...missing.map((value): FilterOption => ({ value, label: value }))];
  const text = (option: FilterOption) => (
    <span className={classes.option}>
      {option.show ?? option.label}
      {option.count === undefined ? null : <span className={classes.count}>{option.count}</span>}
    </span>
  );
  const styles = { body: { width: '100%' }, labelWrapper: { width: '100%' } };
  return (
    <Stack gap="xs">
      <ScrollArea.Autosize mah={320} type="auto">
        {multiple ? (
          <Checkbox.Group
            aria-label={label}
            value={[...chosen]}
            onChange={(values) => onChange(listText(values))}
          >
            <Stack gap={6}>
              {all.map((option) => (
                <Checkbox
                  key={option.value}
                  size="xs"
                  value={option.value}
                  label={text(option)}
                  styles={styles}
                />
              ))}
            </Stack>
          </Checkbox.Group>
        ) : (
          <Radio.Group aria-label={label} value={chosen[0] ?? ''} onChange={onChange}>
            <Stack gap={6}>
              {all.map((option) => (
                <Radio
                  key={option.value}
                  size="xs"
                  value={option.value}
                  label={text(option)}
                  styles={styles}
                />
              ))}
            </Stack>
          </Radio.Group>
        )}
      </ScrollArea.Autosize>
      {chosen.length > 0 ? (
        <Group justify="flex-end">
          <Button size="compact-sm" variant="subtle" onClick={() => onChange(null)}>
            {t('action.clear')}
          </Button>
        </Group>
      ) : null}
    </Stack>
  );
}
