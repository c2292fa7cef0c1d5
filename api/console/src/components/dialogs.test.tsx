import { screen, waitFor } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { Problem } from '~/api';
import { render } from '~/test/render';
import { ConfirmDialog, MaskedSecret, PasswordPrompt } from '.';

describe('ConfirmDialog', () => {
  const ask = (onConfirm: () => Promise<unknown>, more = {}) =>
    render(
      <ConfirmDialog
        opened
        onClose={() => undefined}
        title="Delete 1,200 credentials?"
        consequences={['1,200 credentials are deleted.', 'They can be restored for 7 days.']}
        confirmLabel="Delete"
        danger
        onConfirm={onConfirm}
        {...more}
      />,
    );

  it('says what will happen', async () => {
    const act = vi.fn(() => Promise.resolve());
    const { user } = ask(act);
    expect(screen.getByText('1,200 credentials are deleted.')).toBeInTheDocument();
    await user.click(screen.getByRole('button', { name: 'Delete' }));
    expect(act).toHaveBeenCalledOnce();
  });

  it('waits for the word', async () => {
    const act = vi.fn(() => Promise.resolve());
    const { user } = ask(act, { typeToConfirm: '1200' });
    expect(screen.getByRole('button', { name: 'Delete' })).toBeDisabled();
    await user.type(screen.getByLabelText('Type 1200 to confirm'), '1200');
    await user.click(screen.getByRole('button', { name: 'Delete' }));
    expect(act).toHaveBeenCalledOnce();
  });

  it('stays open and tells why it failed', async () => {
    const onClose = vi.fn();
    const { user } = ask(() => Promise.reject(new Problem('contended', 409)), { onClose });
    await user.click(screen.getByRole('button', { name: 'Delete' }));
    expect(await screen.findByRole('alert')).toHaveTextContent('Somebody else changed it');
    expect(onClose).not.toHaveBeenCalled();
  });
});

describe('PasswordPrompt', () => {
  it('shows a wrong password at the field', async () => {
    const { user } = render(
      <PasswordPrompt
        opened
        onClose={() => undefined}
        title="Reveal"
        confirmLabel="Reveal"
        onSubmit={() => Promise.reject(new Problem('invalid_credentials', 401))}
      />,
    );
    await user.type(screen.getByLabelText('Your password'), 'wrong{Enter}');
    expect(await screen.findByText('User name or password is wrong.')).toBeInTheDocument();
    expect(screen.queryByRole('alert')).toBeNull();
  });
});

describe('MaskedSecret', () => {
  it('shows nothing before the password, and hides again', async () => {
    const reveal = vi.fn(() => Promise.resolve('the-secret'));
    const { user } = render(<MaskedSecret what="refresh token" hint="3f0c" reveal={reveal} />);
    expect(screen.queryByText('the-secret')).toBeNull();
    await user.click(screen.getByRole('button', { name: 'Reveal refresh token' }));
    await user.type(await screen.findByLabelText('Your password'), 'mine{Enter}');
    expect(await screen.findByText('the-secret')).toBeInTheDocument();
    expect(reveal).toHaveBeenCalledWith('mine');
    await user.click(screen.getByRole('button', { name: 'Hide' }));
    await waitFor(() => expect(screen.queryByText('the-secret')).toBeNull());
  });

  it('cannot be revealed where there is no way', () => {
    render(<MaskedSecret what="refresh token" />);
    expect(screen.queryByRole('button')).toBeNull();
  });
});
