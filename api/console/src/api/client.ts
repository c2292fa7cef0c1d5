import createClient, { type FetchOptions, type Middleware } from 'openapi-fetch';
import { Problem } from './problem';
import { sessionEnded } from './session';
import type { components, paths } from './schema';

/** The types of the API document, by their names there. */
export type Schemas = components['schemas'];
export type { components, paths };

/** Turns everything that is not a success into a `Problem`, and a session that has ended into the log-in page. */
const problems: Middleware = {
  async onResponse({ response }) {
    if (response.ok || response.status === 304) return;
    const body: unknown = await response
      .clone()
      .json()
      .catch(() => null);
    const problem = Problem.from(response, body);
    // A wrong password is a 401 as well, and ends nothing.
    if (problem.status === 401 && problem.code === 'unauthorized') sessionEnded();
    if (problem.code === 'password_change_required') sessionEnded();
    throw problem;
  },
  onError({ error }) {
    if (error instanceof Problem) return error;
    if (error instanceof DOMException && error.name === 'AbortError') return error;
    return Problem.unreachable();
  },
};

/**
 * The typed client. `await unwrap(api.GET('/api/v1/status'))` gives the body or throws a `Problem`. The session is in
 * an HttpOnly cookie, which scripts never see.
 */
export const api = createClient<paths>({
  baseUrl: globalThis.location.origin,
  credentials: 'same-origin',
  // Looked up at each call, so that tests can replace it.
  fetch: (request) => globalThis.fetch(request),
  // Lists go as `a,b`.
  querySerializer: { array: { style: 'form', explode: false } },
});
api.use(problems);

/** The body of a successful answer. */
export async function unwrap<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  return data as T;
}

export type { FetchOptions };
