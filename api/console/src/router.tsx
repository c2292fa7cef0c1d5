import type { QueryClient } from '@tanstack/react-query';
import { createBrowserRouter, redirect, type RouteObject } from 'react-router';
import { Problem } from '~/api';
import { loadTexts, type Namespace } from '~/i18n';
import { loginPath, sessionQuery } from '~/session';
import { Layout } from './layout';
import { Crash } from './layout/Crash';

/** Each page is a chunk of its own, and so are its texts; its module exports `Component`. */
function page<T>(load: () => Promise<T>, ...texts: readonly Namespace[]): () => Promise<T> {
  return async () => {
    const [module] = await Promise.all([load(), loadTexts(texts)]);
    return module;
  };
}

export function routes(client: QueryClient): RouteObject[] {
  return [
    { path: '/login', lazy: page(() => import('./pages/login'), 'login'), ErrorBoundary: Crash },
    {
      path: '/',
      Component: Layout,
      ErrorBoundary: Crash,
      loader: async ({ request }) => {
        const url = new URL(request.url);
        const session = await client
          .query({ ...sessionQuery, staleTime: 'static' })
          .catch((error: unknown) => {
            if (error instanceof Problem && error.status === 401) return null;
            throw error;
          });
        if (session === null) throw redirect(loginPath(url));
        // Such a session is only good for setting a password.
        if (session.must_change_password) throw redirect('/login?step=password');
        return null;
      },
      // The loader guards the way in; afterwards an answer of 401 ends the session.
      shouldRevalidate: () => false,
      HydrateFallback: () => null,
      children: [
        {
          ErrorBoundary: Crash,
          children: [
            { index: true, lazy: page(() => import('./pages/dashboard'), 'dashboard') },
            { path: 'credentials', lazy: page(() => import('./pages/credentials'), 'credentials', 'jobs') },
            {
              path: 'credentials/:id',
              lazy: page(() => import('./pages/credential'), 'credential', 'credentials'),
            },
            { path: 'import', lazy: page(() => import('./pages/import'), 'imports', 'jobs') },
            { path: 'jobs', lazy: page(() => import('./pages/jobs'), 'jobs') },
            { path: 'jobs/:id', lazy: page(() => import('./pages/jobs'), 'jobs') },
            { path: 'settings', lazy: page(() => import('./pages/settings'), 'settings') },
            { path: 'docs', lazy: page(() => import('./pages/api'), 'api') },
            { path: 'system', lazy: page(() => import('./pages/system'), 'system', 'jobs') },
            { path: '*', lazy: page(() => import('./pages/not-found')) },
          ],
        },
      ],
    },
  ];
}

export function newRouter(client: QueryClient) {
  return createBrowserRouter(routes(client));
}
