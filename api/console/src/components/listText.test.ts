import { expect, it } from 'vitest';
import { listOf, listText } from './listText';

it.each([[['a']], [['a', 'b']], [['']], [['', 'a']], [['a', '']]])(
  '%j is the same behind the address',
  (values) => {
    expect(listOf(listText(values) ?? 'nothing')).toEqual(values);
  },
);

it('says nothing of no values', () => {
  expect(listText([])).toBeNull();
});
