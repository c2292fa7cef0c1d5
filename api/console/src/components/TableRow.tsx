import { CheckIcon, Checkbox, Table } from '@mantine/core';
import clsx from 'clsx';
import { memo, useMemo, type ChangeEvent, type CSSProperties } from 'react';
import type { Column } from './DataTable';
import classes from './TableRow.module.css';

interface Props<T> {
  id: string;
  row: T;
  columns: readonly Column<T>[];
  /** What its box says to screen readers; `undefined`: rows cannot be selected. */
  selectLabel: string | undefined;
  selected: boolean;
  /** `range`: and all rows up to the one that was selected before. */
  onSelect: (row: T, range: boolean) => void;
}

/**
 * A row as the library would draw it, of plain elements: its own asks the theme and the media of each cell, which took a third of
 * the work for another page. Nothing is drawn again but what has changed, and another row may take its elements (`useSlots`).
 */
export const TableRow = memo(Row);

function Row({ id, row, columns, selectLabel, selected, onSelect }: Props<object>) {
  const cells = useMemo(
    () =>
      columns.map((column) => (
        <td
          key={column.stateless ? column.key : `${column.key} ${id}`}
          className={cellClass(column)}
          style={width(column)}
        >
          {column.render(row)}
        </td>
      )),
    [columns, id, row],
  );
  return (
    <tr
      className={clsx('mantine-datatable-row', Table.classes.tr)}
      data-hover
      data-with-row-border
      data-selected={selected || undefined}
    >
      {selectLabel === undefined ? null : (
        <td className={clsx(CELL, 'mantine-datatable-row-selector-cell')}>
          <div className={clsx(Checkbox.classes.inner, classes.box)}>
            <input
              type="checkbox"
              className={Checkbox.classes.input}
              aria-label={selectLabel}
              checked={selected}
              onChange={(event) => onSelect(row, withShift(event))}
            />
            {selected ? <CheckIcon className={Checkbox.classes.icon ?? ''} /> : null}
          </div>
        </td>
      )}
      {cells}
    </tr>
  );
}

const CELL = Table.classes.td;

function cellClass({ title, numeric, ellipsis }: Column<object>): string {
  return clsx(
    CELL,
    classes.cell,
    numeric && classes.numeric,
    ellipsis && classes.ellipsis,
    // What can be done with a row stays in sight where the table is wider than its place.
    title === '' && classes.pinned,
  );
}

function width({ width: wide }: Column<object>): CSSProperties | undefined {
  return wide === undefined ? undefined : { width: wide, minWidth: wide, maxWidth: wide };
}

/** A box is changed by a click, whatever the event is called here. */
function withShift({ nativeEvent }: ChangeEvent): boolean {
  return nativeEvent instanceof MouseEvent && nativeEvent.shiftKey;
}
