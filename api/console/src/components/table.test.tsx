import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { Problem } from '~/api';
import { render } from '~/test/render';
import { DataTable, EmptyState, FilterBar, useSelection, useTableUrl, type Column } from '.';

interface Row {
  id: string;
  name: string;
  size: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { key: 'name', title: 'Name', fixed: true, sortable: true, render: (row) => row.name },
  { key: 'size', title: 'Size', numeric: true, sortable: true, render: (row) => row.size },
  { key: 'id', title: 'Id', hidden: true, render: (row) => `#${row.id}` },
];
const ROWS: readonly Row[] = [
  { id: '1', name: 'one', size: 10 },
  { id: '2', name: 'two', size: 20 },
];
const FILTERS = ['state'] as const;

interface ListProps {
  /** `null`: not read. */
  rows?: readonly Row[] | null;
  total?: number;
  problem?: Problem | null;
  retry?: () => Promise<unknown>;
}

function List({ rows = ROWS, total = 2, problem = null, retry = () => Promise.resolve() }: ListProps) {
  const url = useTableUrl({ filters: FILTERS, defaultSort: '-id' });
  const selection = useSelection(JSON.stringify(url.filters));
  return (
    <>
      <FilterBar
        search={{
          value: url.search,
          label: 'Search',
          placeholder: '',
          onChange: (search) => url.set({ search }),
        }}
        filters={[
          {
            name: 'state',
            label: 'State',
            multiple: true,
            options: [
              { value: 'dead', label: 'Dead', count: '3' },
              { value: 'idle', label: 'Healthy' },
            ],
          },
        ]}
        values={url.filters}
        onChange={(name, value) => url.set({ [name as 'state']: value })}
        onClear={url.clear}
        active={url.active}
      />
      <DataTable
        name="test"
        label="Things"
        columns={COLUMNS}
        rows={rows ?? undefined}
        reading={{ isFetching: false, error: problem, refetch: retry }}
        rowId={(row) => row.id}
        rowName={(row) => row.name}
        sort={url.sort}
        onSort={(sort) => url.set({ sort })}
        selection={selection}
        bulk={<span>bulk: {selection.selection.kind}</span>}
        paging={{
          page: url.page,
          pageSize: url.pageSize,
          total,
          onPage: url.setPage,
          onPageSize: url.setPageSize,
        }}
        empty={<EmptyState kind={url.active > 0 ? 'noMatch' : 'nothing'} />}
      />
    </>
  );
}

describe('DataTable', () => {
  it('sorts through the address', async () => {
    const { user, router } = render(<List />);
    await user.click(screen.getByText('Size'));
    expect(router.state.location.search).toBe('?sort=size');
    expect(screen.getByRole('button', { name: /^Size/ })).toHaveTextContent('sorted ascending');
    await user.click(screen.getByText('Size'));
    expect(router.state.location.search).toBe('?sort=-size');
    expect(screen.getByRole('button', { name: /^Size/ })).toHaveTextContent('sorted descending');
    expect(screen.getByRole('button', { name: /^Name/ })).toHaveTextContent('not sorted');
  });

  it('selects the page, and then all that match', async () => {
    const { user } = render(<List total={1200} />);
    await user.click(screen.getByRole('checkbox', { name: 'Select one' }));
    expect(screen.getByText('1 selected')).toBeInTheDocument();
    await user.click(screen.getByRole('checkbox', { name: 'Select the page' }));
    await user.click(screen.getByRole('button', { name: 'Select all 1,200 that match' }));
    expect(screen.getByText('All 1,200 that match are selected')).toBeInTheDocument();
    expect(screen.getByText('bulk: filter')).toBeInTheDocument();
    await user.click(screen.getByRole('checkbox', { name: 'Select one' }));
    expect(screen.getByText('1 selected')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Clear selection' }));
    expect(screen.queryByText(/selected/)).toBeNull();
  });

  it('selects a range with shift, and takes one out again', async () => {
    const names = ['one', 'two', 'three', 'four', 'five'];
    const { user } = render(
      <List rows={names.map((name, size) => ({ id: String(size), name, size }))} total={5} />,
    );
    const box = (name: string) => screen.getByRole('checkbox', { name: `Select ${name}` });
    const selected = () => names.filter((name) => (box(name) as HTMLInputElement).checked);
    await user.click(box('four'));
    await user.keyboard('{Shift>}');
    await user.click(box('two'));
    expect(selected()).toEqual(['two', 'three', 'four']);
    await user.click(box('three'));
    await user.keyboard('{/Shift}');
    expect(selected()).toEqual(['four']);
    await user.click(box('five'));
    expect(selected()).toEqual(['four', 'five']);
  });

  it('remembers the columns', async () => {
    const { user, unmount } = render(<List />);
    expect(screen.queryByText('#1')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Choose columns' }));
    await user.click(await screen.findByRole('checkbox', { name: 'Id' }));
    expect(screen.getByText('#1')).toBeInTheDocument();
    expect(screen.queryByRole('checkbox', { name: 'Name' })).toBeNull();
    unmount();
    render(<List />);
    expect(screen.getByText('#1')).toBeInTheDocument();
  });

  it('turns pages', async () => {
    const { user, router } = render(<List total={120} />);
    expect(screen.getByText('1–50 of 120')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Next page' }));
    expect(router.state.location.search).toBe('?page=2');
    expect(screen.getByText('51–100 of 120')).toBeInTheDocument();
  });

  it('tells its two kinds of emptiness apart', () => {
    const { unmount } = render(<List rows={[]} total={0} />);
    expect(screen.getByText('Nothing here yet')).toBeInTheDocument();
    unmount();
    render(<List rows={[]} total={0} />, { path: '/?state=dead' });
    expect(screen.getByText('Nothing matches')).toBeInTheDocument();
  });
});

describe('a reading that failed', () => {
  const problem = new Problem('database_unavailable', 503, null, [], '01KAREQUEST');

  it('is not taken for emptiness', async () => {
    const retry = vi.fn(() => Promise.resolve());
    const { user } = render(<List rows={null} total={0} problem={problem} retry={retry} />);
    expect(screen.getByRole('alert')).toHaveTextContent('This could not be read');
    expect(screen.getByRole('alert')).toHaveTextContent('01KAREQUEST');
    expect(screen.queryByText('Nothing here yet')).toBeNull();
    expect(screen.queryByText(/of 0/)).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(retry).toHaveBeenCalledOnce();
  });

  it('leaves the rows, and says that they are not the newest', async () => {
    const retry = vi.fn(() => Promise.resolve());
    const { user } = render(<List problem={problem} retry={retry} />);
    expect(screen.getByText('one')).toBeInTheDocument();
    expect(screen.getByRole('alert')).toHaveTextContent(
      'What is shown is not the newest: reading it anew failed',
    );
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(retry).toHaveBeenCalledOnce();
  });
});

describe('FilterBar', () => {
  it('keeps what is chosen in the address and begins at the first page', async () => {
    const { user, router } = render(<List />, { path: '/?page=3' });
    await user.click(screen.getByRole('button', { name: 'State' }));
    const menu = await screen.findByRole('dialog');
    await user.click(within(menu).getByRole('checkbox', { name: /Dead/ }));
    await user.click(within(menu).getByRole('checkbox', { name: /Healthy/ }));
    expect(router.state.location.search).toBe('?state=dead%2Cidle');
    await user.keyboard('{Escape}');
    await user.click(screen.getByRole('button', { name: 'Clear filters' }));
    expect(router.state.location.search).toBe('');
  });

  it('loses no key that comes while it begins to search', async () => {
    const { router } = render(<List />);
    const field = screen.getByRole('searchbox', { name: 'Search' });
    vi.useFakeTimers();
    try {
      fireEvent.change(field, { target: { value: 'u' } });
      // The typing rests, and the next key comes before what follows from that is drawn.
      vi.advanceTimersToNextTimer();
      fireEvent.change(field, { target: { value: 'us' } });
    } finally {
      vi.useRealTimers();
    }
    await expect.poll(() => router.state.location.search).toBe('?search=u');
    await waitFor(() => expect(field).toHaveValue('us'));
  });

  it('is reached by / and searches when the typing rests', async () => {
    const { user, router } = render(<List />);
    await user.keyboard('/');
    expect(screen.getByRole('searchbox', { name: 'Search' })).toHaveFocus();
    await user.keyboard('user0');
    await expect.poll(() => router.state.location.search).toBe('?search=user0');
  });
});
