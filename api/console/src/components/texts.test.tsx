import { screen, waitFor, within } from '@testing-library/react';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { render } from '~/test/render';
import { CodeBlock, CopyButton, EmptyState, KeyValue, PageHeader } from '.';

describe('copying without a clipboard, as over plain HTTP', () => {
  const clipboard = Object.getOwnPropertyDescriptor(navigator, 'clipboard');
  const withoutClipboard = (execCommand: () => boolean) => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true });
    Object.defineProperty(document, 'execCommand', { value: execCommand, configurable: true });
  };
  afterEach(() => {
    Reflect.deleteProperty(navigator, 'clipboard');
    if (clipboard) Object.defineProperty(navigator, 'clipboard', clipboard);
    Reflect.deleteProperty(document, 'execCommand');
  });

  it('copies what it selects, and leaves nothing behind', async () => {
    const { user } = render(<CopyButton value="abc" words />);
    let taken: string | undefined;
    withoutClipboard(() => {
      const field = document.activeElement as HTMLTextAreaElement;
      taken = field.value.slice(field.selectionStart, field.selectionEnd);
      return true;
    });
    await user.click(screen.getByRole('button', { name: 'Copy' }));
    expect(await screen.findByRole('button', { name: 'Copied' })).toHaveFocus();
    expect(taken).toBe('abc');
    expect(document.querySelector('textarea')).toBeNull();
  });

  it('shows the text where the browser lets nothing be copied', async () => {
    const { user } = render(<CopyButton value="abc" label="Copy the id" />);
    withoutClipboard(() => false);
    await user.click(screen.getByRole('button', { name: 'Copy the id' }));
    const dialog = await screen.findByRole('dialog', { name: 'Copy it by hand' });
    const field = within(dialog).getByRole<HTMLTextAreaElement>('textbox', { name: 'Text to copy' });
    await waitFor(() => expect(field).toHaveFocus());
    expect(field.value.slice(field.selectionStart, field.selectionEnd)).toBe('abc');
    expect(screen.queryByRole('button', { name: 'Copied' })).toBeNull();
  });
});

describe('texts', () => {
  it('copies', async () => {
    const { user } = render(<CopyButton value="abc" label="Copy the id" />);
    const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
    await user.click(screen.getByRole('button', { name: 'Copy the id' }));
    expect(write).toHaveBeenCalledWith('abc');
    expect(await screen.findByRole('button', { name: 'Copied' })).toBeInTheDocument();
  });

  it('shows code that the keyboard reaches', () => {
    render(<CodeBlock code="curl -X POST" label="Example" />);
    expect(screen.getByRole('region', { name: 'Example' })).toHaveAttribute('tabindex', '0');
  });

  it('tells nothing yet from nothing that matches', () => {
    render(
      <>
        <EmptyState kind="nothing" />
        <EmptyState kind="noMatch" />
      </>,
    );
    expect(screen.getByText('Nothing here yet')).toBeInTheDocument();
    expect(screen.getByText('Change or clear the filters.')).toBeInTheDocument();
  });

  it('pairs names and values, and leaves out what is not there', () => {
    render(<KeyValue items={[['E-mail', 'a@example.com'], null]} />);
    expect(screen.getByRole('term')).toHaveTextContent('E-mail');
    expect(screen.getAllByRole('definition')).toHaveLength(1);
  });

  it('names the tab', () => {
    render(<PageHeader title="Credentials" />);
    expect(document.title).toBe('Credentials · rt-manage');
    expect(screen.getByRole('heading', { level: 1, name: 'Credentials' })).toBeInTheDocument();
  });
});
