import type { QueryClient } from '@tanstack/react-query';
import { createBrowserRouter, redirect, type RouteObject } from 'react-router';
import { Problem } from '~/api';
import { loginPath, sessionQuery } from '~/session';
import { Layout } from './layout';
import { Crash } from './layout/Crash';

/** Each page is a chunk of its own; its module exports `Component`. */
export function routes(client: QueryClient): RouteObject[] {
  return [
    { path: '/login', lazy: () => import('./pages/login'), ErrorBoundary: Crash },
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
            { index: true, lazy: () => import('./pages/dashboard') },
            { path: 'credentials', lazy: () => import('./pages/credentials') },
            { path: 'credentials/:id', lazy: () => import('./pages/credential') },
            { path: 'import', lazy: () => import('./pages/import') },
            { path: 'jobs', lazy: () => import('./pages/jobs') },
            { path: 'jobs/:id', lazy: () => import('./pages/jobs') },
            { path: 'settings', lazy: () => import('./pages/settings') },
            { path: 'docs', lazy: () => import('./pages/api') },
            { path: 'system', lazy: () => import('./pages/system') },
            { path: '*', lazy: () => import('./pages/not-found') },
          ],
        },
      ],
    },
  ];
}

export function newRouter(client: QueryClient) {
  return createBrowserRouter(routes(client));
}
