import { describe, expect, it } from 'vitest';
import { CALLS, type Call } from './calls';
import { example, EXAMPLE_LANGUAGES, shellWord } from './examples';
import { bodyOf, linesOf, valuesOf } from './keyForm';
import type { Key } from './query';

const BASE = 'https://rt.example.com/public-api';
function call(name: Call['name']): Call {
  const found = CALLS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no call ${name}`);
  return found;
}

describe('examples', () => {
  it('are what docs/api.md shows', () => {
    expect(example('curl', call('getAt'), { base: BASE, bizId: 'user001' })).toBe(
      [
        `curl -X POST '${BASE}/get-at' \\`,
        '  -H "X-API-Secret: $RTM_API_KEY" \\',
        "  -H 'Content-Type: application/json' \\",
        `  -d '{"biz_id": "user001"}'`,
      ].join('\n'),
    );
  });

  it('take a biz_id as it is, whatever is in it', () => {
    const bizId = `o'neill "$(rm)" \\`;
    expect(shellWord(bizId)).toBe(`'o'\\''neill "$(rm)" \\'`);
    const script = example('javascript', call('getAt'), { base: BASE, bizId });
    expect(script).toContain(JSON.stringify({ biz_id: bizId }).replace(':', ': '));
  });

  it('hold no key, and ask for one where the call wants it', () => {
    for (const language of EXAMPLE_LANGUAGES)
      for (const each of CALLS) {
        const code = example(language, each, { base: BASE, bizId: 'user001' });
        expect(code.includes('RTM_API_KEY')).toBe(each.scope !== null);
      }
  });
});

const KEY: Key = {
  id: '01KA',
  name: 'mailer',
  prefix: 'rtm_4fQz',
  scopes: ['get_at'],
  reach: { kind: 'biz_ids', values: ['a', 'b'] },
  expires_at: '2030-01-01T00:00:00Z',
  rate_limit_per_minute: 600,
  enabled: true,
  status: 'active',
  revoked_at: null,
  last_used_at: null,
  created_by: 'admin',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  revision: 1,
};

describe('the form of a key', () => {
  it('sends what a key is where nothing was changed', () => {
    expect(bodyOf(valuesOf(KEY), 0)).toEqual({
      name: 'mailer',
      scopes: ['get_at'],
      reach: { kind: 'biz_ids', values: ['a', 'b'] },
      rate_limit_per_minute: 600,
      enabled: true,
    });
  });

  it('takes the end and the limit away', () => {
    const values = { ...valuesOf(KEY), expiry: 'never' as const, rate_limit_per_minute: '' };
    expect(bodyOf(values, 0)).toMatchObject({ expires_at: null, rate_limit_per_minute: null });
  });

  it('counts days from now', () => {
    const values = { ...valuesOf(undefined), expiry: '30' as const };
    expect(bodyOf(values, Date.parse('2026-01-01T00:00:00Z')).expires_at).toBe('2026-01-31T00:00:00.000Z');
  });

  it('takes each line once', () => {
    expect(linesOf(' a \n\nb\r\na')).toEqual(['a', 'b']);
  });
});
