import { useState } from 'react';
import type { Paging } from '~/components';

interface PageState {
  page: number;
  pageSize: number;
  paging: (total: number | undefined) => Paging;
}

/** The page of a small list. Not in the address: several such lists stand on one page of the console. */
export function usePage(): PageState {
  const [page, onPage] = useState(1);
  const [pageSize, setPageSize] = useState(50);
  return {
    page,
    pageSize,
    paging: (total = 0) => ({
      page,
      pageSize,
      total,
      onPage,
      onPageSize: (size) => {
        setPageSize(Math.min(size, 100));
        onPage(1);
      },
    }),
  };
}
