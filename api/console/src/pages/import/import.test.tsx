import { act, fireEvent, screen, waitFor } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseLanguage } from '~/i18n';
import { job, problem } from '~/test/data';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { Component } from '.';
import { recognise, sourceOf } from './sources';
import { verdicts } from './Verdicts';

afterEach(() => act(() => chooseLanguage('en')));

const SECRET = 'rt.1.not-to-be-shown';
const bytes = (text: string) => new TextEncoder().encode(text);

// jsdom's own cannot be read, and `fetch` does not take them for forms.
beforeAll(async () => {
  const form = await new Response(new URLSearchParams()).formData();
  vi.stubGlobal('FormData', form.constructor);
  vi.stubGlobal('Blob', (await new Response('').blob()).constructor);
});

describe('what is recognised', () => {
  it.each([
    ['rt.1.a\nrt.1.b', 'lines'],
    ['# a comment\n\nrt.1.a\nuser----rt.1.b', 'fields'],
    ['biz_id,refresh_token,tag\na,b,c', 'csv'],
    ['\uFEFF"biz_id";"refresh_token"\na;b', 'csv'],
    ['{"refresh_token": "a"}\n{"refresh_token": "b"}', 'jsonl'],
    ['{\n  "tokens": {}\n}', 'json'],
    ['[{"refresh_token": "a"}]', 'json'],
    ['PK\u0003\u0004', 'zip'],
    ['  \n# nothing\n', 'empty'],
  ])('%j', (text, form) => {
    expect(recognise(bytes(text))).toBe(form);
  });

  it('counts lines that say something', async () => {
    expect((await sourceOf(new Blob(['a\n\nb\n']), 'x')).lines).toBe(2);
  });
});

it('counts ends without a name of their own together', () => {
  const counts = verdicts({ created: 3, refreshing: 1, biz_id_taken: 2, spent: 1 });
  expect(counts).toMatchObject({ created: 3, spent: 1, other: 3, invalid: 0 });
});

describe('the page', () => {
  const requests: { url: URL; key: string | null; form: FormData }[] = [];
  beforeEach(() => {
    requests.length = 0;
    const ended = job({
      kind: 'import',
      action: 'dry_run',
      state: 'finished',
      total: 3,
      counts: { waiting: 0, running: 0, done: 2, failed: 1, skipped: 0, cancelled: 0 },
    });
    server.use(
      http.get('*/api/v1/proxies', () => HttpResponse.json({ items: [], page: 1, page_size: 100, total: 0 })),
      http.get('*/api/v1/client-ids', () =>
        HttpResponse.json({ items: [], page: 1, page_size: 100, total: 0 }),
      ),
      http.post('*/api/v1/imports', async ({ request }) => {
        requests.push({
          url: new URL(request.url),
          key: request.headers.get('idempotency-key'),
          form: await request.formData(),
        });
        return HttpResponse.json(ended, { status: 202 });
      }),
      http.get('*/api/v1/jobs/:id', () => HttpResponse.json(ended)),
      http.get('*/api/v1/jobs/:id/results', () =>
        HttpResponse.text(
          ['created', 'updated', 'spent'].map((code) => JSON.stringify({ code })).join('\n') + '\n',
        ),
      ),
      http.get('*/api/v1/jobs/:id/items', () =>
        HttpResponse.json({
          items: [
            {
              position: 3,
              line: 7,
              source: 'a.csv',
              label: 'user007',
              state: 'failed',
              code: 'spent',
              detail: null,
            },
          ],
          next: null,
        }),
      ),
    );
  });

  const paste = (text: string) =>
    fireEvent.paste(screen.getByLabelText('Paste'), {
      clipboardData: { files: [], getData: () => text },
    });

  it('takes what is pasted out of the page, and tries it before it imports', async () => {
    const { user, container } = render(<Component />);
    paste(`${SECRET}\nanother`);
    expect(await screen.findByText('pasted text 1')).toBeInTheDocument();
    expect(container.innerHTML).not.toContain(SECRET);

    await user.click(screen.getByRole('button', { name: 'Dry run' }));
    expect(await screen.findByRole('button', { name: 'Import 2 rows' })).toBeInTheDocument();
    expect(await screen.findByText('user007')).toBeInTheDocument();
    expect(screen.getByText('7')).toBeInTheDocument();
    expect(requests[0]?.url.searchParams.get('dry_run')).toBe('true');

    // What was tried is not what would be imported any more.
    await user.type(screen.getByLabelText('Tag'), 'x');
    expect(await screen.findByText('Changed since; run it again')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Import' }));
    await waitFor(() => expect(requests).toHaveLength(2));
    expect(requests[1]?.url.searchParams.get('dry_run')).toBe('false');
    expect(requests[1]?.url.searchParams.get('tag')).toBe('x');
    expect(requests[1]?.key).not.toBe(requests[0]?.key);
  });

  it('says in Chinese what is wrong with a default, beside it', async () => {
    server.use(
      http.post('*/api/v1/imports', () =>
        problem(422, 'validation_failed', {
          errors: [{ field: 'tag', message: 'has more than 255 characters' }],
        }),
      ),
    );
    const { user } = render(<Component />);
    paste(SECRET);
    await user.click(await screen.findByRole('button', { name: 'Dry run' }));
    await waitFor(() => expect(screen.getByLabelText('Tag')).toHaveAttribute('aria-invalid', 'true'));
    await act(() => chooseLanguage('zh'));
    // There, and in the list of what has to be mended.
    expect(await screen.findAllByText(/超过 255 个字符/)).toHaveLength(2);
    expect(screen.getByLabelText('标签')).toHaveAccessibleDescription(/超过 255 个字符/);
  });

  it('never puts a proxy with its password into the address', async () => {
    const { user } = render(<Component />);
    paste(SECRET);
    await user.click(screen.getByRole('combobox', { name: 'Proxy' }));
    await user.click(await screen.findByRole('option', { name: 'Another proxy …' }));
    await user.type(screen.getByLabelText(/Proxy URL/), 'http://u:hidden@10.0.0.1:80');
    await user.click(await screen.findByRole('button', { name: 'Dry run' }));
    await waitFor(() => expect(requests).toHaveLength(1));
    expect(requests[0]?.url.href).not.toContain('hidden');
    expect(requests[0]?.form.get('proxy')).toBe('http://u:hidden@10.0.0.1:80');
  });
});
