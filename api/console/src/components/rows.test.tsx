import { screen } from '@testing-library/react';
import { useState } from 'react';
import { beforeEach, expect, it, vi } from 'vitest';
import { render } from '~/test/render';
import { DataTable, RelativeTime, type Column } from '.';

interface Row {
  id: string;
  name: string;
}

const drawn = vi.fn(({ name }: Row) => name);
const COLUMNS: readonly Column<Row>[] = [{ key: 'name', title: 'Name', sortable: true, render: drawn }];
const sorted = vi.fn();

function Page() {
  const [times, setTimes] = useState(0);
  const [rows, setRows] = useState<readonly Row[]>([
    { id: '1', name: 'one' },
    { id: '2', name: 'two' },
  ]);
  return (
    <>
      <button onClick={() => setTimes(times + 1)}>again</button>
      <button onClick={() => setRows(rows.map((row) => (row.id === '2' ? { ...row, name: 'zwei' } : row)))}>
        rename
      </button>
      <DataTable
        name="rows"
        label="Things"
        columns={COLUMNS}
        rows={rows}
        rowId={({ id }) => id}
        rowName={({ name }) => name}
        reading={{ isFetching: times % 2 === 1, error: null, refetch: () => Promise.resolve() }}
        sort="id"
        onSort={(sort) => {
          sorted(sort, times);
        }}
        empty={null}
      />
    </>
  );
}

beforeEach(() => vi.clearAllMocks());

it('draws rows again only when they have changed', async () => {
  const { user } = render(<Page />);
  expect(drawn).toHaveBeenCalledTimes(2);
  await user.click(screen.getByRole('button', { name: 'again' }));
  expect(drawn).toHaveBeenCalledTimes(2);
  await user.click(screen.getByRole('button', { name: 'rename' }));
  expect(await screen.findByText('zwei')).toBeInTheDocument();
  expect(drawn).toHaveBeenCalledTimes(3);
});

it('tells what is meant now, though the rows were drawn before', async () => {
  const { user } = render(<Page />);
  await user.click(screen.getByRole('button', { name: 'again' }));
  await user.click(screen.getByText('Name'));
  expect(sorted).toHaveBeenCalledWith('name', 1);
});

it('explains a time when it is pointed at', async () => {
  const { user } = render(<RelativeTime at="2026-01-10T08:00:30Z" />);
  const time = screen.getByText((_, element) => element?.tagName === 'TIME');
  expect(screen.queryByRole('tooltip')).toBeNull();
  await user.hover(time);
  expect(await screen.findByRole('tooltip')).toHaveTextContent('2026');
  await user.unhover(time);
  expect(screen.queryByRole('tooltip')).toBeNull();
});
