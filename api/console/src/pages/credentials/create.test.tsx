import { screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { expect, it, vi } from 'vitest';
import { credential, problem } from '~/test/data';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { CreateDialog } from './CreateDialog';

const list = (...items: object[]) =>
  HttpResponse.json({ items, page: 1, page_size: 100, total: items.length });
const PROXY = { id: '01KAPROXY', name: 'hk-1', url: 'socks5h://10.0.0.5:1080' };
const CLIENT = { client_id: 'app_codex', name: 'Codex' };

it('offers the proxies and client ids that have names, and says beside the field what is wrong', async () => {
  const sent: unknown[] = [];
  server.use(
    http.get('*/api/v1/proxies', () => list(PROXY)),
    http.get('*/api/v1/client-ids', () => list(CLIENT)),
    http.post('*/api/v1/credentials', async ({ request }) => {
      sent.push(await request.json());
      return sent.length > 1
        ? HttpResponse.json(credential(), { status: 201 })
        : problem(422, 'validation_failed', { errors: [{ field: 'client_id', message: 'has a space' }] });
    }),
  );
  const onClose = vi.fn();
  const { user } = render(<CreateDialog opened onClose={onClose} />);
  await user.type(screen.getByLabelText(/^Refresh token/), 'rt_example');
  await user.click(screen.getByRole('combobox', { name: 'Proxy' }));
  await user.click(await screen.findByRole('option', { name: 'hk-1 · socks5h://10.0.0.5:1080' }));
  await user.click(screen.getByRole('combobox', { name: 'Client id' }));
  await user.click(await screen.findByRole('option', { name: 'app_codex · Codex' }));
  await user.click(screen.getByRole('button', { name: 'Add' }));
  expect(await screen.findByText('has a space')).toBeInTheDocument();
  await user.click(screen.getByRole('button', { name: 'Add' }));
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  const body = {
    refresh_token: 'rt_example',
    enabled: true,
    client_id: 'app_codex',
    proxy_id: '01KAPROXY',
  };
  expect(sent).toEqual([body, body]);
});
