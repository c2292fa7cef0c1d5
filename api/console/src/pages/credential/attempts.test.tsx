import { act, screen } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Schemas } from '~/api';
import { chooseLanguage } from '~/i18n';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { Attempts } from './Attempts';

beforeEach(() => chooseLanguage('zh'));
afterEach(() => act(() => chooseLanguage('en')));

const attempt = (id: string, code: string, detail: string): Schemas['Attempt'] => ({
  id,
  state: 'finished',
  lane: 'bulk',
  cause: 'schedule',
  probe: false,
  outcome: 'rejected',
  code,
  detail,
  http_status: 401,
  duration_ms: 100,
  worker: null,
  request_id: null,
  refresh_token_fingerprint: '3f0c9a51d2e4',
  requested_at: '2026-01-01T00:00:00Z',
  claimed_at: null,
  finished_at: '2026-01-01T00:00:00Z',
  replayed: false,
  late: false,
});

it('says in Chinese what is known of an attempt beside its code', async () => {
  server.use(
    http.get('*/api/v1/credentials/:id/attempts', () =>
      HttpResponse.json({
        items: [
          attempt(
            '01KB',
            'refresh_token_reused',
            'the successor was lost in attempt 01KC, which was sent and got no success',
          ),
          attempt('01KD', 'worker_lost', 'the worker was lost before the call'),
        ],
        next: null,
      }),
    ),
  );
  render(<Attempts id="01KA" />);
  expect(
    await screen.findByText('换得的新 RT 丢失于刷新 01KC：请求已发出，但未得到成功的应答'),
  ).toBeInTheDocument();
  expect(screen.getByText('工作进程在发出请求前失联')).toBeInTheDocument();
});
