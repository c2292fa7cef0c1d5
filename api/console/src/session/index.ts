import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { keys } from '~/query';

export type Session = Schemas['Current'];

export const sessionQuery = queryOptions({
  queryKey: keys.session,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/auth/session', { signal })),
  // It only changes by logging in and out; an answer of 401 ends it anywhere.
  staleTime: Infinity,
});

/** Who is logged in. Only below the layout, whose loader has read it. */
export function useSession(): Session {
  return useSuspenseQuery(sessionQuery).data;
}

/** Whether somebody may change things; the server checks again. */
export function useIsAdministrator(): boolean {
  return useSession().role === 'administrator';
}

/** A place of this console that somebody wanted to go to, or the dashboard. Never an address elsewhere. */
export function placeOf(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/login') ? next : '/';
}

/** The log-in page that leads back to here. */
export function loginPath(here: { pathname: string; search: string }): string {
  const place = here.pathname + here.search;
  return place === '/' ? '/login' : `/login?next=${encodeURIComponent(place)}`;
}
