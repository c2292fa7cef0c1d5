import 'mantine-datatable/styles.css';

import { ActionIcon, Button, Group, Select, Tooltip, VisuallyHidden } from '@mantine/core';
import clsx from 'clsx';
import {
  DataTable as Mantine,
  type DataTableColumn,
  type DataTableProps,
  type DataTableSortStatus,
} from 'mantine-datatable';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/format';
import { IconAscending, IconBack, IconDescending, IconNext, IconUnsorted } from '~/icons';
import { ColumnChooser, useColumns } from './columns';
import classes from './DataTable.module.css';
import { LoadProblem } from './LoadProblem';
import { PAGE_SIZES } from './useTableUrl';
import type { SelectionState } from './useSelection';

export interface Column<T> {
  /** Names it to the server (`sort`) and in what is remembered. */
  key: string;
  /** Empty: the column holds what can be done with the row. */
  title: string;
  render: (row: T) => ReactNode;
  sortable?: boolean;
  /** Not shown until somebody chooses it. */
  hidden?: boolean;
  /** Cannot be taken away: what the row is. */
  fixed?: boolean;
  /** Numbers stand at the right. */
  numeric?: boolean;
  width?: number | string;
  /** Long texts end in dots. */
  ellipsis?: boolean;
}

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

interface Reading {
  /** Something newer is being read. */
  isFetching: boolean;
  /** Why the last reading failed; `null`: it did not. Rows that were read before stay. */
  error: unknown;
  /** Reads again. */
  refetch: () => Promise<unknown>;
}

interface Props<T> {
  /** Names the table in what is remembered (columns). */
  name: string;
  /** What it lists, for screen readers. */
  label: string;
  columns: readonly Column<T>[];
  /** `undefined`: not read yet. */
  rows: readonly T[] | undefined;
  rowId: (row: T) => string;
  /** How people call a row. */
  rowName: (row: T) => string;
  /** How the reading of the rows goes: what `useQuery` gives. */
  reading: Reading;
  sort?: string;
  onSort?: (sort: string) => void;
  paging?: Paging;
  selection?: SelectionState;
  /** What can be done with the selection. */
  bulk?: ReactNode;
  onRowClick?: (row: T) => void;
  /** Stands where there are no rows. */
  empty: ReactNode;
  /** At the left of the bar above. */
  toolbar?: ReactNode;
  minHeight?: number;
  /** Below the rows, such as a `CursorPager`; it stands there instead of what `paging` would show. */
  footer?: ReactNode;
}

/**
 * The table of every page: sorted and paged by the server, with a column chooser and a selection that can reach
 * beyond the page. Nothing moves while newer rows come in.
 */
export function DataTable<T extends object>(props: Props<T>) {
  const { name, label, columns, rows, rowId, rowName, reading, sort, onSort, paging, selection } = props;
  const { t } = useTranslation();
  const chosen = useColumns(name, columns);
  const descending = sort?.startsWith('-') ?? false;
  const accessor = sort?.replace(/^-/, '');
  const shown = rows ?? [];
  const failed = reading.error != null;
  // The library's type is a union of what goes together; each of ours does.
  const options = {
    records: [...shown],
    columns: chosen.visible.map((column) => toMantine(column, <Title column={column} sort={sort} />)),
    idAccessor: (row: T) => rowId(row),
    fetching: rows === undefined,
    // As much as waiting for rows, and having none, take up; a few rows need no more than they are.
    ...(shown.length === 0 ? { minHeight: props.minHeight ?? 260 } : {}),
    highlightOnHover: true,
    // What can be done with a row stays in sight where the table is wider than its place.
    pinLastColumn: chosen.visible.at(-1)?.title === '',
    // It scrolls sideways, so the keyboard must reach it.
    scrollAreaProps: { viewportProps: { tabIndex: 0, role: 'group', 'aria-label': label } },
    verticalSpacing: 6,
    horizontalSpacing: 'sm',
    // The library makes it pale and lets nothing be pressed there; and it lies over the rows also where there are some, and would
    // take their clicks.
    emptyState:
      rows?.length === 0 ? (
        <div style={{ pointerEvents: 'all', color: 'var(--rtm-text)' }}>{props.empty}</div>
      ) : (
        <span />
      ),
    noRecordsText: '',
    ...(sort === undefined || accessor === undefined
      ? {}
      : {
          sortStatus: { columnAccessor: accessor, direction: descending ? 'desc' : 'asc' },
          onSortStatusChange: ({ columnAccessor, direction }: DataTableSortStatus<T>) =>
            // Another column begins ascending; the library would keep the direction.
            onSort?.(
              columnAccessor === accessor && direction === 'desc' ? `-${accessor}` : String(columnAccessor),
            ),
        }),
    ...(props.onRowClick ? { onRowClick: ({ record }: { record: T }) => props.onRowClick?.(record) } : {}),
    ...(selection
      ? {
          selectedRecords: shown.filter((row) => selection.isSelected(rowId(row))),
          onSelectedRecordsChange: (next: T[]) => selection.setOnPage(shown.map(rowId), next.map(rowId)),
          allRecordsSelectionCheckboxProps: { 'aria-label': t('table.selectPage'), size: 'xs' },
          getRecordSelectionCheckboxProps: (row: T) => ({
            'aria-label': t('table.selectRow', { name: rowName(row) }),
            size: 'xs',
          }),
        }
      : {}),
  } as DataTableProps<T>;
  return (
    <section className={classes.frame} aria-label={label} aria-busy={reading.isFetching}>
      <div className={clsx(classes.bar, selection && anySelected(selection) && classes.selected)}>
        {selection && anySelected(selection) ? (
          <SelectionBar selection={selection} total={paging} pageIds={shown.map(rowId)}>
            {props.bulk}
          </SelectionBar>
        ) : (
          props.toolbar
        )}
        <span className={classes.space} />
        <ColumnChooser columns={columns} {...chosen} />
      </div>
      {failed ? (
        <div className={classes.problem}>
          <LoadProblem
            problem={reading.error}
            shown={rows !== undefined}
            retry={() => void reading.refetch()}
          />
        </div>
      ) : null}
      {/* Without rows its empty state would say that there are none. */}
      {failed && rows === undefined ? null : <Mantine {...options} />}
      {props.footer ?? (paging ? <Pager {...paging} known={rows !== undefined} /> : null)}
    </section>
  );
}

/** The library says how a column is sorted in English only, so its signs are not shown, and these stand for them. */
function Title({
  column,
  sort,
}: {
  column: Pick<Column<never>, 'key' | 'title' | 'sortable'>;
  sort: string | undefined;
}) {
  const { t } = useTranslation();
  if (column.title === '') return <VisuallyHidden>{t('table.actions')}</VisuallyHidden>;
  if (column.sortable !== true) return column.title;
  const order = sort === column.key ? 'ascending' : sort === `-${column.key}` ? 'descending' : 'unsorted';
  const Sign = SORT_SIGNS[order];
  return (
    <span className={classes.sortable}>
      {column.title}
      <Sign size={14} aria-hidden className={order === 'unsorted' ? classes.unsorted : undefined} />
      <VisuallyHidden>{t(`table.${order}`)}</VisuallyHidden>
    </span>
  );
}

const SORT_SIGNS = { ascending: IconAscending, descending: IconDescending, unsorted: IconUnsorted };

function toMantine<T extends object>(column: Column<T>, title: ReactNode): DataTableColumn<T> {
  return {
    accessor: column.key,
    title,
    render: column.render,
    sortable: column.sortable ?? false,
    ...(column.numeric ? { textAlign: 'right' as const } : {}),
    ...(column.width === undefined ? {} : { width: column.width }),
    ...(column.ellipsis ? { ellipsis: true } : { noWrap: true }),
  };
}

function anySelected({ selection }: SelectionState): boolean {
  return selection.kind === 'filter' || selection.ids.size > 0;
}

interface SelectionBarProps {
  selection: SelectionState;
  total: Paging | undefined;
  pageIds: readonly string[];
  children: ReactNode;
}

function SelectionBar({ selection: state, total, pageIds, children }: SelectionBarProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { selection } = state;
  const all = total ? format.count({ count: total.total, more: total.more ?? false }) : '';
  const wholePage = pageIds.length > 0 && pageIds.every((id) => state.isSelected(id));
  const moreThere = total !== undefined && (total.more === true || total.total > pageIds.length);
  return (
    <>
      <strong aria-live="polite">
        {selection.kind === 'filter'
          ? t('table.allSelected', { total: all })
          : t('table.selected', { count: selection.ids.size })}
      </strong>
      {selection.kind === 'ids' && wholePage && moreThere ? (
        <Button size="compact-sm" variant="light" onClick={state.selectAllMatching}>
          {t('table.selectAll', { total: all })}
        </Button>
      ) : null}
      <Button size="compact-sm" variant="subtle" onClick={state.clear}>
        {t('table.clearSelection')}
      </Button>
      {children}
    </>
  );
}

/** The server lists what begins behind 10,000 entries at most. */
const DEEPEST = 10_000;

/** `known`: somebody has counted. */
function Pager({
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
  const step = (label: string, icon: ReactNode, act: () => void, disabled: boolean) => (
    <Tooltip label={label}>
      <ActionIcon variant="default" aria-label={label} onClick={act} disabled={disabled}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  const next = () => (ends ? onFurther?.() : onPage(page + 1));
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
      <VisuallyHidden id="page-size">{t('table.perPage')}</VisuallyHidden>
      <Select
        size="xs"
        w={120}
        aria-labelledby="page-size"
        data={PAGE_SIZES.map((size) => ({ value: String(size), label: t('table.perPageOf', { size }) }))}
        value={String(pageSize)}
        onChange={(value) => value !== null && onPageSize(Number(value))}
        allowDeselect={false}
        comboboxProps={{ position: 'top-end' }}
      />
      <Group gap="xs" wrap="nowrap">
        {step(t('table.previous'), <IconBack size={16} />, () => onPage(page - 1), page <= 1)}
        <span>{t('table.page', { page: format.number(page) })}</span>
        {step(t('table.next'), <IconNext size={16} />, next, last)}
      </Group>
    </nav>
  );
}
