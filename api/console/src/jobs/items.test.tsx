import { act, screen } from '@testing-library/react';
import { http, HttpResponse } from 'msw';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { chooseLanguage } from '~/i18n';
import { job } from '~/test/data';
import { render } from '~/test/render';
import { server } from '~/test/setup';
import { CreatedBy, JobCard, JobItems } from '.';

beforeEach(() => chooseLanguage('zh'));
afterEach(() => act(() => chooseLanguage('en')));

const row = (position: number, code: string, detail: string) => ({
  position,
  line: position,
  source: null,
  label: null,
  credential_id: null,
  state: 'failed',
  code,
  detail,
});

it('says in Chinese what became of rows, and repeats what the upstream said', async () => {
  server.use(
    http.get('*/api/v1/jobs/:id/items', () =>
      HttpResponse.json({
        items: [
          row(1, 'invalid', 'tag: has more than 255 characters; memo: contains control characters'),
          row(2, 'duplicate', 'line 1 of a.csv has the same refresh token'),
          row(3, 'spent', 'this refresh token was used before by `user-1` (01KA)'),
          row(4, 'brand_new', 'the credential is not held'),
          row(5, 'invalid_grant', 'Your session has ended.'),
        ],
        next: null,
      }),
    ),
  );
  render(<JobItems job={job({ kind: 'import', action: 'import' })} />);
  expect(await screen.findByText('tag：超过 255 个字符；memo：含有控制字符')).toBeInTheDocument();
  expect(screen.getByText('与 a.csv 第 1 行的 RT 相同')).toBeInTheDocument();
  expect(screen.getByText('该 RT 此前已被 `user-1`（01KA）使用过')).toBeInTheDocument();
  expect(screen.getByText(/该令牌未处于挂起状态/)).toBeInTheDocument();
  expect(screen.getByText('Your session has ended.')).toBeInTheDocument();
});

it('says in Chinese why a job has ended whose code it does not know', async () => {
  const ended = job({
    state: 'failed',
    code: 'nothing_to_import',
    detail: 'this import has no rows; send the file again',
  });
  server.use(http.get('*/api/v1/jobs/:id', () => HttpResponse.json(ended)));
  render(<JobCard id={ended.id} />);
  expect(await screen.findByText('该导入没有可用的行；请重新上传文件')).toBeInTheDocument();
});

it.each([
  ['user', 'admin', 'admin'],
  ['command_line', 'command line', '命令行'],
] as const)('names a %s who asked for a job', async (kind, name, shown) => {
  render(<CreatedBy job={job({ created_by: name, created_by_kind: kind })} />);
  expect(await screen.findByText(shown)).toBeInTheDocument();
});
