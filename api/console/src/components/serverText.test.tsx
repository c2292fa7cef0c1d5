import { act, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Problem } from '~/api';
import { chooseLanguage } from '~/i18n';
import { render } from '~/test/render';
import { TagForm } from '~/test/TagForm';
import { ProblemAlert } from '.';

beforeEach(() => chooseLanguage('zh'));
afterEach(() => act(() => chooseLanguage('en')));

it('says in the language of the page what is wrong with fields, also when that is changed', async () => {
  const failure = new Problem('validation_failed', 422, null, [
    { field: 'tag', message: 'has more than 255 characters' },
    { field: 'proxy', message: 'cannot stand beside `proxy`; give one of them' },
  ]);
  const { user } = render(<TagForm failure={failure} />);
  await user.click(screen.getByText('Send'));
  expect(await screen.findByText('超过 255 个字符')).toBeVisible();
  expect(screen.getByLabelText('Tag')).toHaveAccessibleDescription('超过 255 个字符');
  expect(await screen.findByRole('alert')).toHaveTextContent('proxy 不能与 `proxy` 同时填写，请二选一');
  await act(() => chooseLanguage('en'));
  expect(screen.getByText('has more than 255 characters')).toBeVisible();
});

it('says why a file cannot be read, of which the code tells too little', async () => {
  const detail = 'line 2: the column `tag` is there twice';
  render(<ProblemAlert problem={new Problem('unreadable_import', 422, detail)} />);
  expect(await screen.findByText('第 2 行：列 `tag` 重复')).toBeVisible();
});

it('leaves what it does not know as it is', async () => {
  const fields = [
    { field: 'tag', message: 'must not be empty' },
    { field: 'memo', message: 'is of a new kind' },
  ];
  render(<ProblemAlert problem={new Problem('validation_failed', 422, null, fields)} />);
  expect(await screen.findByText('不能为空')).toBeVisible();
  expect(screen.getByText('is of a new kind')).toBeVisible();
});
