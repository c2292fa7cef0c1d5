import { screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, expect, it } from 'vitest';
import { credential, problem } from '~/test/data';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { Component as Credentials } from '.';

const page = (change: object) =>
  HttpResponse.json({
    items: [],
    page: 1,
    page_size: 50,
    total: 0,
    total_is_more: false,
    next: null,
    incomplete: false,
    ...change,
  });
const FACETS = { total: 0, more: true, states: [], tags: [], plans: [], enabled: [], client_ids: [] };

const PROXY = { id: 'P', name: 'hk-1', url: 'socks5h://10.0.0.5:1080', egress: 'e1' };

beforeEach(() => {
  server.use(
    http.get('*/api/v1/credentials/facets', () => HttpResponse.json(FACETS)),
    http.get('*/api/v1/proxies', () =>
      HttpResponse.json({ items: [PROXY], page: 1, page_size: 100, total: 1 }),
    ),
  );
});

it('says that a search ended early instead of that nothing matches, and goes on with it', async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get('*/api/v1/credentials', ({ request }) => {
      const { searchParams } = new URL(request.url);
      asked.push(searchParams.get('after'));
      expect(searchParams.has('page')).toBe(!searchParams.has('after'));
      return searchParams.get('after') === 'PLACE'
        ? page({ items: [credential({ biz_id: 'found-late' })], page: null })
        : page({ total_is_more: true, incomplete: true, next: 'PLACE' });
    }),
  );
  const { user } = render(<Credentials />, { path: '/credentials?tag=a&plan=plus' });
  expect(await screen.findByText('Nothing found so far')).toBeVisible();
  expect(screen.queryByText('No credential matches')).toBeNull();
  await user.click(screen.getByRole('button', { name: 'Next page' }));
  expect(await screen.findByRole('link', { name: 'found-late' })).toBeVisible();
  expect(asked).toEqual([null, 'PLACE']);
  await user.click(screen.getByRole('button', { name: 'Previous part' }));
  expect(await screen.findByText('Nothing found so far')).toBeVisible();
});

it('goes on behind the last page that has a number', async () => {
  server.use(
    http.get('*/api/v1/credentials', ({ request }) =>
      new URL(request.url).searchParams.get('after') === 'PLACE'
        ? page({ items: [credential({ biz_id: 'number-10001' })], page: null, total: 10_000 })
        : page({ items: [credential()], page: 50, total: 10_000, total_is_more: true, next: 'PLACE' }),
    ),
  );
  const { user } = render(<Credentials />, { path: '/credentials?page=50&page_size=200' });
  expect(await screen.findByRole('link', { name: 'user001' })).toBeVisible();
  await user.click(screen.getByRole('button', { name: 'Next page' }));
  expect(await screen.findByRole('link', { name: 'number-10001' })).toBeVisible();
});

it('does not take a list that could not be read for an empty one', async () => {
  server.use(http.get('*/api/v1/credentials', () => problem(500, 'internal')));
  render(<Credentials />);
  expect(await screen.findByText('This could not be read')).toBeVisible();
  expect(screen.queryByText('No credentials yet')).toBeNull();
});

it('keeps no dialogs for rows whose menus nobody opened, and asks where somebody did', async () => {
  server.use(http.get('*/api/v1/credentials', () => page({ items: [credential()], total: 1 })));
  const { user } = render(<Credentials />);
  await user.click(await screen.findByRole('button', { name: 'Actions for user001' }));
  await user.click(await screen.findByRole('menuitem', { name: 'Delete' }));
  expect(await screen.findByRole('dialog', { name: /Delete user001/ })).toBeVisible();
});

it('filters by the proxies that have names', async () => {
  server.use(http.get('*/api/v1/credentials', () => page({ items: [credential()], total: 1 })));
  const { user, router } = render(<Credentials />);
  await user.click(screen.getByRole('button', { name: 'Proxy' }));
  await user.click(await screen.findByRole('checkbox', { name: 'hk-1' }));
  expect(router.state.location.search).toBe('?proxy=e1');
});

it('offers another tag beside the one that is chosen', async () => {
  const share = (value: string) => ({ value, count: 1 });
  server.use(
    http.get('*/api/v1/credentials', () => page({ items: [credential()], total: 1 })),
    http.get('*/api/v1/credentials/facets', ({ request }) => {
      const { searchParams } = new URL(request.url);
      const tag = searchParams.get('tag');
      // What the other filters leave stays narrowed by them.
      const tags = searchParams.get('plan') === 'plus' ? ['red', 'blue'] : ['red', 'blue', 'green'];
      return HttpResponse.json({
        ...FACETS,
        more: false,
        tags: tags.filter((name) => tag === null || tag.split(',').includes(name)).map(share),
      });
    }),
  );
  const { user, router } = render(<Credentials />, { path: '/credentials?tag=red&plan=plus' });
  await user.click(screen.getByRole('button', { name: 'Tag: red' }));
  expect(await screen.findByRole('checkbox', { name: /red/ })).toBeChecked();
  await user.click(await screen.findByRole('checkbox', { name: /blue/ }));
  expect(new URLSearchParams(router.state.location.search).get('tag')).toBe('red,blue');
  expect(screen.queryByRole('checkbox', { name: /green/ })).toBeNull();
});

it('finds those without a tag', async () => {
  const asked: (string | null)[] = [];
  server.use(
    http.get('*/api/v1/credentials', ({ request }) => {
      asked.push(new URL(request.url).searchParams.get('tag'));
      return page({ items: [credential()], total: 1 });
    }),
    http.get('*/api/v1/credentials/facets', () =>
      HttpResponse.json({ ...FACETS, more: false, tags: [{ value: 'red', count: 1 }] }),
    ),
  );
  const { user } = render(<Credentials />, { path: '/credentials' });
  await user.click(screen.getByRole('button', { name: 'Tag' }));
  await user.click(await screen.findByRole('checkbox', { name: /without a tag/ }));
  await waitFor(() => expect(asked.at(-1)).toBe(','));
  await user.click(await screen.findByRole('checkbox', { name: /red/ }));
  await waitFor(() => expect(asked.at(-1)).toBe(',red'));
});
