import { screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { credential, problem } from '~/test/data';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { changeOf, conflicts, fieldsOf } from './changes';
import { EditDialog } from './EditDialog';

const opened = { ...credential({ memo: 'first', revision: 3 }), claims: null };

describe('a change', () => {
  const from = fieldsOf(opened);

  it('has only what differs, and null for what was emptied', () => {
    expect(changeOf(from, from)).toEqual({});
    expect(changeOf(from, { ...from, tag: '', client_id: ' ' })).toEqual({ tag: null, client_id: null });
  });

  it('leaves a proxy alone that it cannot know', () => {
    const own = fieldsOf({ ...opened, proxy: 'http://10.0.0.1:80' });
    expect(changeOf(own, { ...own, memo: 'x' })).toEqual({ memo: 'x' });
    expect(changeOf(own, { ...own, proxy: { kind: 'default' } })).toEqual({ proxy: null });
    expect(changeOf(own, { ...own, proxy: { kind: 'named', id: 'p' } })).toEqual({ proxy_id: 'p' });
  });

  it('knows what somebody else changed', () => {
    expect(conflicts(opened, { ...opened, tag: 'b', failures: 4 })).toEqual([
      { field: 'tag', before: 'team-a', now: 'b' },
    ]);
  });
});

describe('the dialog', () => {
  beforeEach(() => {
    const nothing = { items: [], page: 1, page_size: 100, total: 0 };
    server.use(
      http.get('*/api/v1/proxies', () => HttpResponse.json(nothing)),
      http.get('*/api/v1/client-ids', () => HttpResponse.json(nothing)),
    );
  });

  it('shows what somebody else changed, keeps the input, and saves over it where it is told to', async () => {
    const sent: { ifMatch: string | null; body: unknown }[] = [];
    const now = { ...opened, tag: 'from-elsewhere', revision: 4 };
    server.use(
      http.patch('*/api/v1/credentials/:id', async ({ request }) => {
        const ifMatch = request.headers.get('if-match');
        sent.push({ ifMatch, body: await request.json() });
        return ifMatch === '"4"' ? HttpResponse.json(now) : problem(412, 'precondition_failed');
      }),
      http.get('*/api/v1/credentials/:id', () => HttpResponse.json(now)),
    );
    const onClose = vi.fn();
    const { user } = render(<EditDialog credential={opened} opened onClose={onClose} />);
    const memo = screen.getByLabelText('Memo');
    await user.clear(memo);
    await user.type(memo, 'mine');
    await user.click(screen.getByRole('button', { name: 'Save' }));

    expect(await screen.findByRole('cell', { name: 'from-elsewhere' })).toBeInTheDocument();
    expect(memo).toHaveValue('mine');
    expect(onClose).not.toHaveBeenCalled();

    await user.click(screen.getByRole('button', { name: 'Save mine over it' }));
    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(sent).toEqual([
      { ifMatch: '"3"', body: { memo: 'mine' } },
      // Their tag stays theirs.
      { ifMatch: '"4"', body: { memo: 'mine' } },
    ]);
  });
});
