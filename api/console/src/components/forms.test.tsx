import { screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { Problem } from '~/api';
import { render } from '~/test/render';
import { TagForm } from '~/test/TagForm';
import { ProblemAlert } from '.';

const invalid = (field: string) =>
  new Problem('validation_failed', 422, null, [{ field, message: 'is too long' }], '01KAREQUEST');

describe('useProblemForm', () => {
  it('puts what the server says beside the field', async () => {
    const { user } = render(<TagForm failure={invalid('tag')} />);
    await user.click(screen.getByText('Send'));
    expect(await screen.findByText('is too long')).toBeInTheDocument();
    expect(screen.getByLabelText('Tag')).toHaveAttribute('aria-invalid', 'true');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('tells of fields that the form does not have', async () => {
    const { user } = render(<TagForm failure={invalid('proxy')} />);
    await user.click(screen.getByText('Send'));
    const alert = await screen.findByRole('alert');
    expect(alert).toHaveTextContent('proxy is too long');
    expect(alert).toHaveTextContent('01KAREQUEST');
  });
});

describe('ProblemAlert', () => {
  it('knows the codes, and else says what the server said', () => {
    render(
      <>
        <ProblemAlert problem={new Problem('unreachable', 0)} />
        <ProblemAlert problem={new Problem('brand_new', 409, 'a new kind of problem')} />
      </>,
    );
    expect(screen.getByText(/The server does not answer/)).toBeInTheDocument();
    expect(screen.getByText('a new kind of problem')).toBeInTheDocument();
  });

  it('is nothing without a problem', () => {
    render(<ProblemAlert problem={null} />);
    expect(screen.queryByRole('alert')).toBeNull();
  });
});
