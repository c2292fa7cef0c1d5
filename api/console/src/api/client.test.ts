import { http, HttpResponse } from 'msw';
import { describe, expect, it, vi } from 'vitest';
import { problem } from '~/test/data';
import { server } from '~/test/setup';
import { api, Problem, unwrap } from '.';
import { onSessionEnd } from './session';

const status = () => unwrap(api.GET('/api/v1/status'));
const failure = async (call: Promise<unknown>): Promise<Problem> => {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Problem)) throw new Error('no Problem was thrown');
  return error;
};

describe('client', () => {
  it('throws problems with their code, fields and request id', async () => {
    const errors = [{ field: 'tag', message: 'is too long' }];
    server.use(http.get('*/api/v1/status', () => problem(422, 'validation_failed', { errors })));
    const thrown = await failure(status());
    expect(thrown).toMatchObject({
      code: 'validation_failed',
      status: 422,
      requestId: '01KAREQUEST',
      fields: errors,
    });
  });

  it('tells when to come again', async () => {
    server.use(
      http.get('*/api/v1/status', () =>
        HttpResponse.json({ code: 'too_many_attempts' }, { status: 429, headers: { 'retry-after': '7' } }),
      ),
    );
    expect((await failure(status())).retryAfter).toBe(7);
  });

  it('knows an answer of a proxy, and none at all', async () => {
    server.use(http.get('*/api/v1/status', () => new HttpResponse('<html>', { status: 502 })));
    expect((await failure(status())).code).toBe('unreadable');
    server.use(http.get('*/api/v1/status', () => HttpResponse.error()));
    expect((await failure(status())).unreachable).toBe(true);
  });

  it('leads to the log-in where the session has ended, and not where a password is wrong', async () => {
    const ended = vi.fn();
    onSessionEnd(ended);
    server.use(http.get('*/api/v1/status', () => problem(401, 'invalid_credentials')));
    await failure(status());
    expect(ended).not.toHaveBeenCalled();
    server.use(http.get('*/api/v1/status', () => problem(401, 'unauthorized')));
    await failure(status());
    expect(ended).toHaveBeenCalledOnce();
  });
});
