import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router';
import { keepPreference, readPreference } from '~/preferences';

export const PAGE_SIZES = [25, 50, 100, 200] as const;

interface Options<F extends string> {
  /** Names of the filters, as they stand in the address. */
  filters: readonly F[];
  /** Column with `-` in front for descending. */
  defaultSort: string;
}

export interface TableUrl<F extends string> {
  page: number;
  pageSize: number;
  sort: string;
  search: string;
  filters: Readonly<Partial<Record<F, string>>>;
  /** How many filters are set, the search among them. */
  active: number;
  /** Changes some of it; whatever is not the page leads back to the first one. */
  set: (change: Partial<Record<F, string | null>> & { search?: string; sort?: string }) => void;
  setPage: (page: number) => void;
  setPageSize: (size: number) => void;
  clear: () => void;
}

const PREFERENCE = 'page-size';

/**
 * The state of a list, kept in the address: it survives reloading, can be shared, and the way back leads to where one
 * was. Only the page size is a preference of the device.
 */
export function useTableUrl<F extends string>({ filters: names, defaultSort }: Options<F>): TableUrl<F> {
  const [params, setParams] = useSearchParams();

  const update = useCallback(
    (change: Record<string, string | null | undefined>, push = false) =>
      setParams(
        (old) => {
          const next = new URLSearchParams(old);
          for (const [name, value] of Object.entries(change)) {
            if (value === undefined) continue;
            if (value === null || value === '') next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace: !push, preventScrollReset: true },
      ),
    [setParams],
  );

  return useMemo(() => {
    const filters: Partial<Record<F, string>> = {};
    for (const name of names) {
      const value = params.get(name);
      if (value !== null) filters[name] = value;
    }
    const search = params.get('search') ?? '';
    const page = Math.max(1, Math.trunc(Number(params.get('page') ?? 1)) || 1);
    const wanted = Number(params.get('page_size') ?? readPreference(PREFERENCE) ?? 50);
    return {
      page,
      pageSize: PAGE_SIZES.find((size) => size === wanted) ?? 50,
      sort: params.get('sort') ?? defaultSort,
      search,
      filters,
      active: Object.keys(filters).length + (search === '' ? 0 : 1),
      set: (change) =>
        update({
          ...change,
          ...('sort' in change && change.sort === defaultSort ? { sort: null } : {}),
          page: null,
        }),
      setPage: (next) => update({ page: next === 1 ? null : String(next) }, true),
      setPageSize: (size) => {
        keepPreference(PREFERENCE, size);
        update({ page_size: size === 50 ? null : String(size), page: null });
      },
      clear: () =>
        update({ search: null, page: null, ...Object.fromEntries(names.map((name) => [name, null])) }),
    };
  }, [params, names, defaultSort, update]);
}
