import { screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { describe, expect, it, vi } from 'vitest';
import { job, problem } from '~/test/data';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { BulkDialog } from './BulkDialog';
import { filtersOf } from './useBulk';

it('asks for the same credentials as the list', () => {
  expect(filtersOf({ state: 'dead,held', tag: ',a', enabled: false, search: 'u' })).toEqual({
    state: ['dead', 'held'],
    tag: ['', 'a'],
    enabled: false,
    search: 'u',
  });
});

describe('the dialog', () => {
  const sent: { key: string | null; body: unknown }[] = [];
  const answer = (respond: () => Response) =>
    server.use(
      http.post('*/api/v1/credentials/bulk', async ({ request }) => {
        sent.push({ key: request.headers.get('idempotency-key'), body: await request.json() });
        return respond();
      }),
    );
  const show = (action: 'refresh' | 'delete', count: number) => {
    sent.length = 0;
    const onStarted = vi.fn();
    const view = render(
      <BulkDialog
        action={action}
        selection={{ ids: ['a', 'b'] }}
        count={{ count, more: false }}
        onClose={() => undefined}
        onStarted={onStarted}
      />,
    );
    return { ...view, onStarted };
  };

  it('sends the same key when it is pressed again', async () => {
    let first = true;
    answer(() => {
      if (!first) return HttpResponse.json(job({ id: 'J' }), { status: 202 });
      first = false;
      return problem(503, 'database_unavailable');
    });
    const { user, onStarted } = show('refresh', 2);
    const press = async () => user.click(screen.getByRole('button', { name: 'Refresh' }));
    await press();
    await screen.findByRole('alert');
    await press();
    await waitFor(() => expect(onStarted).toHaveBeenCalledWith('J'));
    expect(sent[0]?.key).toBeTruthy();
    expect(sent[1]).toEqual(sent[0]);
    expect(sent[0]?.body).toEqual({
      selection: { ids: ['a', 'b'] },
      action: { type: 'refresh', canary: 10 },
    });
  });

  it('has the number typed before it deletes many', async () => {
    answer(() => HttpResponse.json(job(), { status: 202 }));
    const { user, onStarted } = show('delete', 101);
    const button = screen.getByRole('button', { name: 'Delete' });
    expect(button).toBeDisabled();
    await user.type(screen.getByLabelText('Type 101 to confirm'), '101');
    await user.click(button);
    await waitFor(() => expect(onStarted).toHaveBeenCalled());
    expect(sent[0]?.body).toMatchObject({ action: { type: 'delete' } });
  });
});
