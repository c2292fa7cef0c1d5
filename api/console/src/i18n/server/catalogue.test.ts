import { expect, it, vi } from 'vitest';
import { slotsOf, translator } from './catalogue';
import zh from './zh.json';

const chinese = translator(zh);

it.each([
  ['must not be empty', '不能为空'],
  ['has more than 255 characters', '超过 255 个字符'],
  // With a field in front.
  ['enabled: must be true or false', 'enabled：必须是 true 或 false'],
  ['tokens.refresh_token: is empty', 'tokens.refresh_token：为空'],
  [
    'tag: has more than 255 characters; memo: contains control characters',
    'tag：超过 255 个字符；memo：含有控制字符',
  ],
  // The joint stands inside of a sentence, too.
  [
    'refresh_token: the refresh token contains a space or a line break; paste the token alone; proxy_id: cannot stand beside `proxy`; give one of them',
    'refresh_token：RT 中有空格或换行；请只粘贴 RT 本身；proxy_id：不能与 `proxy` 同时填写，请二选一',
  ],
  [
    'expires_at: must be a time such as 2026-01-31T12:00:00Z, or seconds since 1970',
    'expires_at：必须是时间，例如 2026-01-31T12:00:00Z，或 Unix 时间戳（秒）',
  ],
  // What is put in is a sentence of its own, or names something.
  ['already held by `user-1` (01KA)', '已有相同的令牌：`user-1`（01KA）'],
  [
    'this refresh token was used before by a deleted credential (01KA)',
    '该 RT 此前已被已删除的令牌（01KA）使用过',
  ],
  [
    'this refresh token is being refreshed for `用户; 1` (01KA); try again in a minute',
    '`用户; 1`（01KA）正在用该 RT 刷新；请一分钟后重试',
  ],
  ['line 5 has the same refresh token', '与第 5 行的 RT 相同'],
  [
    'line 5 of a b.csv has another refresh token of the same person in the same workspace',
    '与 a b.csv 第 5 行是同一工作区的同一账号，但 RT 不同',
  ],
  [
    'has 3 fields, the header has 2; put fields with separators in quotes',
    '该行有 3 个字段，表头只有 2 个；字段内含分隔符时请用引号括起',
  ],
  ['line 1: unknown column `tagg`; known are biz_id, tag', '第 1 行：未知的列 `tagg`；可用的列：biz_id, tag'],
  ['one of them has more than 255 characters', '其中一项超过 255 个字符'],
  ['must be a boolean', '必须是布尔值'],
  ['must be one of `a`, `b`', '必须是以下之一：`a`, `b`'],
  ['expected true or false, got `perhaps`', '应为 true 或 false，实际为 `perhaps`'],
  ['expected a whole number from 0 to 65535, got an empty text', '应为 0 到 65535 的整数，实际为空文本'],
  [
    'is fixed by the environment variable RTM_REFRESH__AUTO and cannot be changed here',
    '已由环境变量 RTM_REFRESH__AUTO 指定，不能在此修改',
  ],
  [
    'is 9, but must be less than refresh.lead_seconds (8); refresh.lead_seconds is from /etc/rt/config.yml:3:5',
    '为 9，但必须小于 refresh.lead_seconds（8）；refresh.lead_seconds 来自 /etc/rt/config.yml:3:5',
  ],
  [
    'does not fit: refresh.coalesce_seconds is 9, but must be less than refresh.lead_seconds (8); refresh.lead_seconds is from saved in the console',
    '与其他配置冲突：refresh.coalesce_seconds 为 9，但必须小于 refresh.lead_seconds（8）；refresh.lead_seconds 来自控制台保存的值',
  ],
  [
    'one of the first refreshes failed (held: the upstream does not accept the client id; change it); the rest was not begun',
    '先行批次中有刷新失败（held：上游不接受该 Client ID；请更换），其余未执行',
  ],
  [
    'one of the first refreshes failed (x: Somebody said; something); the rest was not begun',
    '先行批次中有刷新失败（x：Somebody said; something），其余未执行',
  ],
])('%s', (sentence, shown) => {
  expect(chinese(sentence)).toBe(shown);
});

it.each([
  'Your refresh token has already been used; please log in again.',
  'connection refused (os error 111)',
  // Nearly one of ours.
  'has more than many characters',
  'must be something new',
  'already held by somebody',
  '',
  'x; y',
])('leaves %j as it is, which somebody else said', (sentence) => {
  expect(chinese(sentence)).toBe(sentence);
});

it('translates what is known beside what is not', () => {
  expect(chinese('tag: is wrong; memo: must not be empty')).toBe('tag: is wrong；memo：不能为空');
});

it('puts in whatever the server puts in', () => {
  for (const group of [zh.sentences, zh.parts])
    for (const [source, shown] of Object.entries(group)) {
      expect(new Set(slotsOf(shown)), source).toEqual(new Set(slotsOf(source)));
      expect(new Set(slotsOf(source)).size, source).toBe(slotsOf(source).length);
    }
});

const repeated = ['; ', '`', 'line 1 of ', ' has ', '; must not be empty', 'a: '];
const firsts = ['', 'already held by ', 'does not fit: ', 'one of the first refreshes failed (x: '];

it.each(repeated.flatMap((text) => firsts.map((first) => [first, text] as const)))(
  'goes through %j and many %j in few steps',
  (first, text) => {
    const patterns = [zh.sentences, zh.parts]
      .flatMap((group) => Object.keys(group))
      .filter((source) => slotsOf(source).length > 0);
    // Below 64 joined sentences, in the first of these, each is looked up; above, in the last, none is.
    for (const length of [500, 1000, 4000]) {
      const compared = vi.spyOn(String.prototype, 'startsWith');
      chinese(first + text.repeat(length / text.length));
      const steps = compared.mock.calls.length;
      compared.mockRestore();
      // Each of 64 with up to 3 that follow it, with its field and without it, is compared with each pattern.
      expect(steps).toBeLessThanOrEqual(64 * 4 * 2 * patterns.length);
      expect(steps).toBeGreaterThan(0);
    }
  },
);
