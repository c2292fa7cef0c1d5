import { Button } from '@mantine/core';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useFormat } from '~/format';
import { RowLinks } from './cells';
import { ColumnChooser, useColumns } from './columns';
import classes from './DataTable.module.css';
import { LoadProblem } from './LoadProblem';
import { Pager, type Paging } from './Pager';
import { TableRows } from './TableRows';
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
  /** Nothing that it shows remembers anything: another row can take over its elements, which is faster. */
  stateless?: boolean;
  /** Long texts end in dots. */
  ellipsis?: boolean;
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
  const { name, label, columns, rows, rowId, reading, paging, selection } = props;
  const chosen = useColumns(name, columns);
  const go = useNavigate();
  const shown = rows ?? [];
  const failed = reading.error != null;
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
      {failed && rows === undefined ? null : (
        <RowLinks value={go}>
          <TableRows
            label={label}
            columns={chosen.visible}
            rows={rows}
            rowId={rowId}
            rowName={props.rowName}
            sort={props.sort}
            onSort={props.onSort}
            selection={selection}
            empty={props.empty}
            minHeight={props.minHeight}
          />
        </RowLinks>
      )}
      {props.footer ?? (paging ? <Pager {...paging} known={rows !== undefined} /> : null)}
    </section>
  );
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
