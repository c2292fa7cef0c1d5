import { screen, waitFor, within } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { describe, expect, it } from 'vitest';
import { problem } from '~/test/data';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { AuditDetail } from './AuditDetail';
import { auditFilterOf, exportPath } from './auditFilters';
import { scrub, settingsPart } from './diagnostics';
import { OrphansTab } from './OrphansTab';
import { PeopleTab } from './PeopleTab';
import { programOf } from './program';
import { SessionsTab } from './SessionsTab';

describe('the filter of the audit log', () => {
  const now = Date.parse('2026-01-10T08:00:30Z');

  it('asks only for what the server takes', () => {
    const filters = { action: 'user.edit,nonsense', target_kind: 'user', period: '24h' };
    expect(auditFilterOf({ filters }, now)).toEqual({
      action: ['user.edit'],
      since: '2026-01-09T08:00:00.000Z',
    });
    expect(auditFilterOf({ filters: { ...filters, target: 'ann' } }, now)).toMatchObject({
      target: 'ann',
      target_kind: 'user',
    });
    expect(auditFilterOf({ filters: { since: 'yesterday', period: 'ever' } }, now)).toEqual({});
  });

  it('is the one of the export as well', () => {
    expect(exportPath({ action: ['user.edit', 'user.create'], actor: 'a b' }, 'jsonl')).toBe(
      '/api/v1/audit/export?format=jsonl&action=user.edit%2Cuser.create&actor=a+b',
    );
  });
});

describe('an entry of the audit log', () => {
  it.each([
    ['user', 'ann', 'ann'],
    ['key', 'mailer', 'mailer (API key)'],
    ['command_line', 'whoever', 'command line'],
    ['system', 'rt-manage', 'system'],
  ])('by %s says who it was', async (actor_kind, actor, shown) => {
    const entry = {
      id: '1',
      at: '2026-01-10T08:00:30Z',
      action: 'settings.edit',
      actor,
      actor_kind,
      detail: {},
    };
    render(<AuditDetail entry={entry} onClose={() => undefined} />);
    expect(await screen.findByText(shown)).toBeInTheDocument();
  });
});

describe('the program of a session', () => {
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
      'Chrome 156 · Linux',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.2 Mobile/15E148 Safari/604.1',
      'Safari 18 · iOS',
    ],
    ['curl/8.11.0', 'curl/8.11.0'],
    ['Mozilla/5.0', 'Mozilla/5.0'],
    ['', ''],
  ])('%s', (userAgent, shown) => {
    expect(programOf(userAgent)).toBe(shown);
  });
});

describe('diagnostics', () => {
  it('hold no secret', () => {
    const report = {
      egresses: [{ label: 'socks5h://user:hunter2@10.0.0.5:1080' }],
      settings: settingsPart([
        { key: 'openai.proxy', value: 'http://u:p@host:1', source: 'file' },
        { key: 'auth.api_secret', value: 'hunter2', source: 'file' },
        { key: 'worker.concurrency', value: 8, source: 'default' },
      ]),
    };
    const text = JSON.stringify(scrub(report));
    expect(text).not.toMatch(/hunter2|u:p/);
    expect(text).toContain('socks5h://…@10.0.0.5:1080');
    expect(text).not.toContain('worker.concurrency');
  });
});

const PEOPLE = {
  items: [
    {
      username: 'admin',
      role: 'administrator',
      enabled: true,
      configured: true,
      created_at: null,
      updated_at: null,
    },
    { username: 'ann', role: 'viewer', enabled: true, configured: false, created_at: null, updated_at: null },
  ],
};

describe('people', () => {
  it('shows what the server says about a name beside its field', async () => {
    server.use(
      http.get('*/api/v1/users', () => HttpResponse.json(PEOPLE)),
      http.post('*/api/v1/users', () =>
        problem(422, 'validation_failed', { errors: [{ field: 'username', message: 'begins with a dot' }] }),
      ),
    );
    const { user } = render(<PeopleTab />);
    await user.click(await screen.findByRole('button', { name: 'Add somebody' }));
    const dialog = await screen.findByRole('dialog');
    await user.type(within(dialog).getByLabelText(/User name/), '.x');
    await user.type(within(dialog).getByLabelText(/^Password/), 'long enough one');
    await user.click(within(dialog).getByRole('button', { name: 'Add' }));
    expect(await within(dialog).findByText('begins with a dot')).toBeInTheDocument();
  });

  it('lets viewers look only, and leaves the account of the configuration alone', async () => {
    server.use(http.get('*/api/v1/users', () => HttpResponse.json(PEOPLE)));
    const { user, unmount } = render(<PeopleTab />, { role: 'viewer' });
    await user.click(await screen.findByRole('button', { name: 'Actions for ann' }));
    expect(screen.getByRole('button', { name: 'Add somebody' })).toBeDisabled();
    expect(await screen.findByRole('menuitem', { name: 'Delete' })).toBeDisabled();
    unmount();

    const second = render(<PeopleTab />);
    await second.user.click(await screen.findByRole('button', { name: 'Actions for admin' }));
    expect(await screen.findByRole('menuitem', { name: 'Delete' })).toBeDisabled();
    expect(screen.getByRole('menuitem', { name: 'Set password' })).toBeEnabled();
  });
});

describe('the own password', () => {
  it('is changed by whoever has a session, and a new session is asked for', async () => {
    const sent: unknown[] = [];
    server.use(
      http.get('*/api/v1/auth/sessions', () => HttpResponse.json({ items: [] })),
      http.post('*/api/v1/auth/password', async ({ request }) => {
        sent.push(await request.json());
        return sent.length === 1
          ? problem(401, 'invalid_credentials')
          : new HttpResponse(null, { status: 204 });
      }),
    );
    const { user, router } = render(<SessionsTab />, { role: 'viewer', path: '/system?tab=sessions' });
    await user.click(await screen.findByRole('button', { name: 'Change my password' }));
    const dialog = await screen.findByRole('dialog');
    await user.type(within(dialog).getByLabelText(/^New password/), 'long enough one');
    await user.type(within(dialog).getByLabelText(/^Your password/), 'old');
    await user.click(within(dialog).getByRole('button', { name: 'Set password' }));
    expect(await within(dialog).findByText('User name or password is wrong.')).toBeVisible();
    expect(router.state.location.pathname).toBe('/system');
    await user.click(within(dialog).getByRole('button', { name: 'Set password' }));
    await waitFor(() => expect(router.state.location.pathname).toBe('/login'));
    expect(router.state.location.state).toEqual({ changed: true });
    const body = { current_password: 'old', new_password: 'long enough one' };
    expect(sent).toEqual([body, body]);
  });
});

describe('orphans', () => {
  it('does not say that there are none where they could not be read', async () => {
    let broken = true;
    server.use(
      http.get('*/api/v1/orphans', () =>
        broken ? problem(500, 'internal') : HttpResponse.json({ items: [], next: null }),
      ),
    );
    const { user } = render(<OrphansTab />);
    expect(await screen.findByRole('alert')).toHaveTextContent('This could not be read');
    expect(screen.queryByText('No orphaned answers')).toBeNull();
    broken = false;
    await user.click(screen.getByRole('button', { name: 'Try again' }));
    expect(await screen.findByText('No orphaned answers')).toBeVisible();
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('asks again before a token that works is replaced', async () => {
    const orphan = {
      attempt_id: '01KA0000000000000000000009',
      credential_id: '01KA0000000000000000000001',
      biz_id: 'user001',
      reason: 'the credential holds another refresh token by now',
      spent_refresh_token_fingerprint: '3f0c9a51d2e4',
      created_at: '2026-01-01T00:00:00Z',
      advice: ['apply_orphan', 'discard_orphan'],
    };
    const asked: unknown[] = [];
    server.use(
      http.get('*/api/v1/orphans', () => HttpResponse.json({ items: [orphan], next: null })),
      http.post('*/api/v1/orphans/*/apply', async ({ request }) => {
        const body = (await request.json()) as { replace: boolean };
        asked.push(body.replace);
        return body.replace ? HttpResponse.json({}) : problem(409, 'credential_healthy');
      }),
    );
    const { user } = render(<OrphansTab />);
    await user.click(await screen.findByRole('button', { name: 'Apply the answer' }));
    await user.click(
      within(await screen.findByRole('dialog')).getByRole('button', { name: 'Apply the answer' }),
    );
    await user.click(await screen.findByRole('button', { name: 'Replace it all the same' }));
    await waitFor(() => expect(asked).toEqual([false, true]));
  });
});
