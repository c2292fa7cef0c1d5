import { QueryClient } from '@tanstack/react-query';
import { Problem } from '~/api';

/** Asking again helps only where nobody answered or the server asks for it. */
function worthRetrying(failures: number, error: Error): boolean {
  return error instanceof Problem && (error.unreachable || error.status === 503) && failures < 2;
}

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Events say when something has changed; coming back to a page within this time shows what is known.
        staleTime: 15_000,
        gcTime: 5 * 60_000,
        retry: worthRetrying,
        retryDelay: (failures) => Math.min(1000 * 2 ** failures, 8000),
        // Queries are made and their failure shown even where the browser believes to be offline: the server may be
        // on this machine.
        networkMode: 'always',
      },
      // What was sent may hold tokens and passwords: nothing of it stays when it is done.
      mutations: { retry: false, networkMode: 'always', gcTime: 0 },
    },
  });
}
