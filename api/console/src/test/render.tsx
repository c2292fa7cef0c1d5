import { render as renderPlain, type RenderResult } from '@testing-library/react';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { createMemoryRouter, RouterProvider } from 'react-router';
import type { Schemas } from '~/api';
import { ShortcutProvider } from '~/layout/shortcuts';
import { Providers } from '~/Providers';
import { keys, newQueryClient } from '~/query';

interface Options {
  /** Where the element stands. */
  path?: string;
  /** Who is logged in. */
  role?: Schemas['Role'];
}

/** Draws an element as a page of the console would: with theme, data, texts, routes and shortcuts. */
export function render(element: ReactNode, { path = '/', role = 'administrator' }: Options = {}) {
  const client = newQueryClient();
  client.setDefaultOptions({ queries: { retry: false } });
  client.setQueryData(keys.session, { username: 'admin', role, must_change_password: false });
  const router = createMemoryRouter(
    [{ path: '*', element: <ShortcutProvider>{element}</ShortcutProvider> }],
    {
      initialEntries: [path],
    },
  );
  const result: RenderResult = renderPlain(
    <Providers client={client} env="test">
      <RouterProvider router={router} />
    </Providers>,
  );
  const user: UserEvent = userEvent.setup();
  return { ...result, user, client, router };
}
