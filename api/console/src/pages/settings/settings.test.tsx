import { act, screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { afterEach, describe, expect, it } from 'vitest';
import { chooseLanguage } from '~/i18n';
import { problem } from '~/test/data';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { Component } from '.';
import type { Setting } from './query';

afterEach(() => act(() => chooseLanguage('en')));

const BASE: Setting = {
  key: 'refresh.lead_seconds',
  description: '',
  value: 86_400,
  default: 86_400,
  saved: null,
  source: 'default',
  place: 'default',
  locked: false,
  ignored: null,
  type: 'integer',
  optional: false,
  minimum: 1,
  maximum: 31_536_000,
  choices: null,
};
const CONCURRENCY: Setting = {
  ...BASE,
  key: 'worker.concurrency',
  value: 8,
  source: 'environment',
  place: 'environment variable RTM_WORKER__CONCURRENCY',
  locked: true,
};
const COALESCE: Setting = { ...BASE, key: 'refresh.coalesce_seconds', value: 5, default: 5, minimum: 0 };
const UNKNOWN: Setting = { ...BASE, key: 'future.thing_seconds', description: 'A thing to come.', value: 60 };

const document = (version: number, ...settings: Setting[]) =>
  HttpResponse.json({ version, settings }, { headers: { etag: `"${version}"` } });

const lead = () => screen.getByRole('textbox', { name: 'Lead before the end' });

async function changeLead(user: ReturnType<typeof render>['user'], days: string) {
  await screen.findByRole('textbox', { name: 'Lead before the end' });
  await user.clear(lead());
  await user.type(lead(), days);
}

async function save(user: ReturnType<typeof render>['user']) {
  await user.click(screen.getByRole('button', { name: 'Review and save' }));
  const dialog = await screen.findByRole('dialog');
  await user.click(within(dialog).getByRole('button', { name: 'Save' }));
}

describe('the settings', () => {
  it('shows what is fixed from outside with the reason, and what it does not know', async () => {
    server.use(http.get('*/api/v1/settings', () => document(0, BASE, CONCURRENCY, UNKNOWN)));
    render(<Component />);
    expect(
      await screen.findByText(/Fixed by the environment variable RTM_WORKER__CONCURRENCY/),
    ).toBeVisible();
    expect(screen.queryByRole('textbox', { name: 'Calls at once' })).toBeNull();
    expect(screen.getByText('A thing to come.')).toBeVisible();
    expect(screen.getByRole('textbox', { name: 'future.thing_seconds' })).toHaveValue('1');
  });

  it('shows the change before it saves it, upon the version that was read', async () => {
    const sent: unknown[] = [];
    server.use(
      http.get('*/api/v1/settings', () => document(4, BASE)),
      http.get('*/api/v1/settings/history', () => HttpResponse.json({ items: [], next: null })),
      http.patch('*/api/v1/settings', async ({ request }) => {
        sent.push(request.headers.get('if-match'), await request.json());
        return document(5, { ...BASE, value: 172_800, saved: 172_800, source: 'database' });
      }),
    );
    const { user } = render(<Component />);
    await changeLead(user, '2');
    await user.click(screen.getByRole('button', { name: 'Review and save' }));
    const dialog = await screen.findByRole('dialog');
    expect(within(dialog).getByText('1d')).toBeVisible();
    expect(within(dialog).getByText('2d')).toBeVisible();
    await user.click(within(dialog).getByRole('button', { name: 'Save' }));
    await waitFor(() => expect(screen.queryByText(/not saved yet/)).toBeNull());
    expect(sent).toEqual(['"4"', { 'refresh.lead_seconds': 172_800 }]);
  });

  it('puts what the server refuses beside the setting', async () => {
    server.use(
      http.get('*/api/v1/settings', () => document(4, BASE, COALESCE)),
      http.patch('*/api/v1/settings', () =>
        problem(422, 'validation_failed', {
          errors: [{ field: 'refresh.lead_seconds', message: 'does not fit' }],
        }),
      ),
    );
    const { user } = render(<Component />);
    await changeLead(user, '2');
    await save(user);
    expect(await screen.findByText('does not fit')).toBeVisible();
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(lead()).toHaveAttribute('aria-invalid', 'true');
  });

  it('says in Chinese what the server refuses, and why what was saved does not count', async () => {
    const ignored = { ...COALESCE, saved: 90_000, ignored: 'is not a setting that can be saved' };
    server.use(
      http.get('*/api/v1/settings', () => document(4, BASE, ignored)),
      http.patch('*/api/v1/settings', () =>
        problem(422, 'validation_failed', {
          errors: [{ field: 'refresh.lead_seconds', message: 'must be from 1 to 31536000, and is 0' }],
        }),
      ),
    );
    const { user } = render(<Component />);
    await changeLead(user, '2');
    await save(user);
    expect(await screen.findByText('must be from 1 to 31536000, and is 0')).toBeVisible();
    await act(() => chooseLanguage('zh'));
    expect(await screen.findByText('必须在 1 到 31536000 之间，当前为 0')).toBeVisible();
    expect(screen.getByText(/未生效：不是可以在此保存的配置项/)).toBeVisible();
  });

  it('keeps what was typed when somebody else saved, and shows what they changed', async () => {
    let version = 4;
    server.use(
      http.get('*/api/v1/settings', () =>
        document(version, BASE, version === 4 ? COALESCE : { ...COALESCE, value: 10, saved: 10 }),
      ),
      http.patch('*/api/v1/settings', ({ request }) => {
        if (request.headers.get('if-match') === '"5"') return document(6, { ...BASE, value: 172_800 });
        version = 5;
        return problem(412, 'precondition_failed');
      }),
      http.get('*/api/v1/settings/history', () => HttpResponse.json({ items: [], next: null })),
    );
    const { user } = render(<Component />);
    await changeLead(user, '2');
    await save(user);
    const alert = await screen.findByRole('alert');
    expect(alert).toHaveTextContent('Share a fresh result');
    expect(alert).toHaveTextContent('10s');
    expect(screen.getByRole('button', { name: 'Review and save' })).toBeDisabled();
    await user.click(within(alert).getByRole('button', { name: 'Go on with version 5' }));
    expect(lead()).toHaveValue('2');
    await save(user);
    await waitFor(() => expect(screen.queryByText(/not saved yet/)).toBeNull());
  });

  it('lets viewers look and nothing else', async () => {
    server.use(http.get('*/api/v1/settings', () => document(0, BASE)));
    render(<Component />, { role: 'viewer' });
    expect(await screen.findByRole('textbox', { name: 'Lead before the end' })).toBeDisabled();
  });
});
