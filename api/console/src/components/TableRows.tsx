import 'mantine-datatable/styles.css';

import { VisuallyHidden } from '@mantine/core';
import {
  DataTable as Mantine,
  type DataTableColumn,
  type DataTableProps,
  type DataTableSortStatus,
} from 'mantine-datatable';
import { useCallbackRef } from '@mantine/hooks';
import { memo, useRef, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconAscending, IconDescending, IconUnsorted } from '~/icons';
import type { Column } from './DataTable';
import classes from './DataTable.module.css';
import { TableRow } from './TableRow';
import rowClasses from './TableRow.module.css';
import type { SelectionState } from './useSelection';
import { useSlots } from './useSlots';

interface Props<T> {
  label: string;
  /** Those that are shown. */
  columns: readonly Column<T>[];
  rows: readonly T[] | undefined;
  rowId: (row: T) => string;
  rowName: (row: T) => string;
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
  selection: SelectionState | undefined;
  empty: ReactNode;
  minHeight: number | undefined;
}

/** The least height of a table that waits for rows or has none. */
const MIN_HEIGHT = 260;
const NONE: readonly never[] = [];

/**
 * The rows of a `DataTable`. A page of them takes a tenth of a second to draw, and lists are read anew every second while much
 * happens: they are drawn again only when something of them is another thing, and of each only the cells of rows that changed.
 */
export function TableRows<T extends object>(props: Props<T>) {
  const { rows = [], rowId, selection, onSort, ...rest } = props;
  // The row that was selected last, or taken out: where a range begins.
  const touched = useRef<string | null>(null);
  // What is called later calls what is meant then, so it need not be another thing with every drawing.
  const handlers: Handlers<T> = {
    onSort: useCallbackRef((sort: string) => onSort?.(sort)),
    onPage: useCallbackRef((selected: readonly T[]) =>
      selection?.setOnPage(rows.map(rowId), selected.map(rowId)),
    ),
    onRow: useCallbackRef((row: T, range: boolean) => {
      const id = rowId(row);
      selection?.toggle(rows.map(rowId), range ? (touched.current ?? id) : id, id);
      touched.current = id;
    }),
  };
  return (
    <Kept
      {...(rest as unknown as KeptProps<object>)}
      {...(handlers as unknown as Handlers<object>)}
      rows={props.rows}
      rowId={rowId as (row: object) => string}
      selection={selection}
      isSortable={onSort !== undefined}
    />
  );
}

interface Handlers<T> {
  onSort: (sort: string) => void;
  /** Of the page, these are selected. */
  onPage: (selected: readonly T[]) => void;
  /** A row is selected or taken out; `range`: and all up to the one before. */
  onRow: (row: T, range: boolean) => void;
}

interface KeptProps<T> extends Omit<Props<T>, 'onSort'>, Handlers<T> {
  isSortable: boolean;
}

/** `rowId` and `rowName` say the same of the same row always, and what stands for no rows is not seen with some. */
const Kept = memo(
  Rows,
  (before, now) =>
    before.rows === now.rows &&
    now.rows !== undefined &&
    now.rows.length > 0 &&
    before.columns === now.columns &&
    before.sort === now.sort &&
    before.selection === now.selection &&
    before.label === now.label &&
    before.isSortable === now.isSortable,
);

function Rows({ label, columns, rows, rowId, rowName, sort, selection, ...props }: KeptProps<object>) {
  const { t } = useTranslation();
  const descending = sort?.startsWith('-') ?? false;
  const accessor = sort?.replace(/^-/, '');
  const shown = rows ?? NONE;
  const slots = useSlots(shown, rowId);
  // The library's type is a union of what goes together; each of ours does.
  const options = {
    records: [...shown],
    columns: columns.map((column) => toMantine(column, <Title column={column} sort={sort} />)),
    idAccessor: (row: object) => String(slots.get(rowId(row))),
    fetching: rows === undefined,
    // A few rows need no more height than they are.
    ...(shown.length === 0 ? { minHeight: props.minHeight ?? MIN_HEIGHT } : {}),
    rowFactory: ({ record }: { record: object }) => (
      <TableRow
        id={rowId(record)}
        row={record}
        columns={columns}
        selectLabel={selection && t('table.selectRow', { name: rowName(record) })}
        selected={selection?.isSelected(rowId(record)) ?? false}
        onSelect={props.onRow}
      />
    ),
    highlightOnHover: true,
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
    ...(accessor === undefined || !props.isSortable
      ? {}
      : {
          sortStatus: { columnAccessor: accessor, direction: descending ? 'desc' : 'asc' },
          onSortStatusChange: ({ columnAccessor, direction }: DataTableSortStatus<object>) =>
            // Another column begins ascending; the library would keep the direction.
            props.onSort(
              columnAccessor === accessor && direction === 'desc' ? `-${accessor}` : String(columnAccessor),
            ),
        }),
    ...(selection
      ? {
          selectedRecords: shown.filter((row) => selection.isSelected(rowId(row))),
          onSelectedRecordsChange: props.onPage,
          allRecordsSelectionCheckboxProps: { 'aria-label': t('table.selectPage'), size: 'xs' },
        }
      : {}),
  } as DataTableProps<object>;
  return <Mantine {...options} />;
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

function toMantine(column: Column<object>, title: ReactNode): DataTableColumn<object> {
  return {
    accessor: column.key,
    title,
    sortable: column.sortable ?? false,
    ...(column.title === '' ? { titleClassName: rowClasses.pinned ?? '' } : {}),
    ...(column.numeric ? { textAlign: 'right' as const } : {}),
    ...(column.width === undefined ? {} : { width: column.width }),
    noWrap: true,
  };
}
