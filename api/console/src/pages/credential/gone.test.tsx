import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, expect, it } from 'vitest';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { Gone } from './Gone';

const ID = '01KA0000000000000000000001';
let purged: unknown[];

beforeEach(() => {
  purged = [];
  server.use(
    http.get('*/api/v1/credentials/:id/attempts', () => HttpResponse.json({ items: [], next: null })),
    http.post('*/api/v1/credentials/:id/purge', async ({ request, params }) => {
      purged.push(params.id, await request.json());
      return new HttpResponse(null, { status: 204 });
    }),
  );
});

it.each([
  ['its name', 'user001', 'user001'],
  ['its id where nobody knows the name', undefined, ID],
])('is deleted for good only by who types %s', async (_, name, typed) => {
  const { user, router } = render(<Gone id={ID} name={name} />, { path: `/credentials/${ID}` });
  await user.click(screen.getByRole('button', { name: 'Delete for good' }));
  const dialog = await screen.findByRole('dialog');
  const button = within(dialog).getByRole('button', { name: 'Delete for good' });
  expect(button).toBeDisabled();
  await user.type(within(dialog).getByRole('textbox', { name: `Type ${typed} to confirm` }), typed);
  await user.click(button);
  await waitFor(() => expect(router.state.location.pathname).toBe('/credentials'));
  expect(purged).toEqual([ID, { confirm: true }]);
});
