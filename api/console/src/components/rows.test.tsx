import { screen } from '@testing-library/react';
import { useState } from 'react';
import { beforeEach, expect, it, vi } from 'vitest';
import { render } from '~/test/render';
import { DataTable, RelativeTime, RowLink, type Column } from '.';

interface Row {
  id: string;
  name: string;
}

const drawn = vi.fn(({ name }: Row) => name);
const COLUMNS: readonly Column<Row>[] = [{ key: 'name', title: 'Name', sortable: true, render: drawn }];
const sorted = vi.fn();

interface ThingsProps {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  isFetching?: boolean;
  sort?: string;
  onSort?: (sort: string) => void;
}

function Things({ isFetching = false, ...props }: ThingsProps) {
  return (
    <DataTable
      name="things"
      label="Things"
      rowId={({ id }) => id}
      rowName={({ name }) => name}
      reading={{ isFetching, error: null, refetch: () => Promise.resolve() }}
      empty={null}
      {...props}
    />
  );
}

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
      <Things
        columns={COLUMNS}
        rows={rows}
        isFetching={times % 2 === 1}
        sort="id"
        onSort={(sort) => {
          sorted(sort, times);
        }}
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

function Box() {
  const [open, setOpen] = useState(false);
  return <button onClick={() => setOpen(true)}>{open ? 'open' : 'closed'}</button>;
}

const PLAIN_AND_BOX: readonly Column<Row>[] = [
  { key: 'name', title: 'Name', stateless: true, render: ({ name }) => <b>{name}</b> },
  { key: 'box', title: 'Box', render: () => <Box /> },
];

function Turning() {
  const [rows, setRows] = useState<readonly Row[]>([{ id: '1', name: 'one' }]);
  return (
    <>
      <button onClick={() => setRows([{ id: '3', name: 'three' }])}>turn</button>
      <Things columns={PLAIN_AND_BOX} rows={rows} />
    </>
  );
}

it('draws another row with the elements of one that went, and hands over nothing that it remembers', async () => {
  const { user } = render(<Turning />);
  const name = screen.getByText('one');
  await user.click(screen.getByRole('button', { name: 'closed' }));
  expect(screen.getByRole('button', { name: 'open' })).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'turn' }));
  expect(screen.getByText('three')).toBe(name);
  expect(screen.getByRole('button', { name: 'closed' })).toBeInTheDocument();
  expect(screen.queryByRole('button', { name: 'open' })).toBeNull();
});

it('leads where a row says without loading the page again', async () => {
  const linked: readonly Column<Row>[] = [
    { key: 'name', title: 'Name', render: ({ id, name }) => <RowLink to={`/things/${id}`}>{name}</RowLink> },
  ];
  const { user, router } = render(<Things columns={linked} rows={[{ id: '1', name: 'one' }]} />);
  const link = screen.getByRole('link', { name: 'one' });
  // With a key held the browser opens another tab, which there is none of here.
  const left = vi.fn((event: Event) => {
    const byBrowser = !event.defaultPrevented;
    event.preventDefault();
    return byBrowser;
  });
  document.addEventListener('click', left, { once: true });
  await user.keyboard('{Control>}');
  await user.click(link);
  await user.keyboard('{/Control}');
  expect(left).toHaveReturnedWith(true);
  expect(router.state.location.pathname).toBe('/');
  await user.click(link);
  expect(router.state.location.pathname).toBe('/things/1');
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
