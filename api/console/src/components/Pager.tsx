import { ActionIcon, Group, Select, Tooltip, VisuallyHidden } from '@mantine/core';
import { useCallbackRef } from '@mantine/hooks';
import clsx from 'clsx';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/format';
import { IconBack, IconNext, type TablerIcon } from '~/icons';
import classes from './DataTable.module.css';
import { PAGE_SIZES } from './useTableUrl';

export interface Paging {
  page: number;
  pageSize: number;
  total: number;
  /** There are more than `total`. */
  more?: boolean;
  onPage: (page: number) => void;
  onPageSize: (size: number) => void;
  /** The search ended before the page was full: there may be more that match. */
  incomplete?: boolean;
  /** Leads to what no page number reaches. */
  onFurther?: (() => void) | undefined;
}

/** The server lists what begins behind 10,000 entries at most. */
const DEEPEST = 10_000;

/** What turns the pages of a table. `known`: somebody has counted. */
export function Pager({
  page,
  pageSize,
  total,
  more = false,
  known,
  onPage,
  onPageSize,
  incomplete = false,
  onFurther,
}: Paging & { known: boolean }) {
  const { t } = useTranslation();
  const format = useFormat();
  const from = total === 0 ? 0 : (page - 1) * pageSize + 1;
  const to = more ? page * pageSize : Math.min(page * pageSize, total);
  const deepest = more && page * pageSize >= DEEPEST;
  // Here page numbers end; a cursor may go on.
  const ends = deepest || incomplete;
  const last = ends ? onFurther === undefined : !more && to >= total;
  const note = !ends
    ? null
    : onFurther === undefined
      ? 'table.tooDeep'
      : incomplete
        ? 'table.incomplete'
        : null;
  const previous = useCallbackRef(() => onPage(page - 1));
  const next = useCallbackRef(() => (ends ? onFurther?.() : onPage(page + 1)));
  return (
    <nav className={clsx(classes.bar, classes.footer)} aria-label={t('table.page', { page })}>
      <span aria-live="polite">
        {known
          ? t('table.range', {
              from: format.number(from),
              to: format.number(to),
              total: format.count({ count: total, more }),
            })
          : null}
      </span>
      {known && note !== null ? <span role="status">{t(note)}</span> : null}
      <span className={classes.space} />
      <PageSize size={pageSize} onChange={useCallbackRef(onPageSize)} />
      <Group gap="xs" wrap="nowrap">
        <Step label={t('table.previous')} Icon={IconBack} onClick={previous} disabled={page <= 1} />
        <span>{t('table.page', { page: format.number(page) })}</span>
        <Step label={t('table.next')} Icon={IconNext} onClick={next} disabled={last} />
      </Group>
    </nav>
  );
}

interface StepProps {
  label: string;
  Icon: TablerIcon;
  onClick: () => void;
  disabled: boolean;
}

/** These stay as they are while pages are turned. */
const Step = memo(({ label, Icon, onClick, disabled }: StepProps) => (
  <Tooltip label={label}>
    <ActionIcon variant="default" aria-label={label} onClick={onClick} disabled={disabled}>
      <Icon size={16} />
    </ActionIcon>
  </Tooltip>
));
Step.displayName = 'Step';

const PageSize = memo(({ size, onChange }: { size: number; onChange: (size: number) => void }) => {
  const { t } = useTranslation();
  return (
    <>
      <VisuallyHidden id="page-size">{t('table.perPage')}</VisuallyHidden>
      <Select
        size="xs"
        w={120}
        aria-labelledby="page-size"
        data={PAGE_SIZES.map((each) => ({
          value: String(each),
          label: t('table.perPageOf', { size: each }),
        }))}
        value={String(size)}
        onChange={(value) => value !== null && onChange(Number(value))}
        allowDeselect={false}
        comboboxProps={{ position: 'top-end' }}
      />
    </>
  );
});
PageSize.displayName = 'PageSize';
