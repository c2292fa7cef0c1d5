import { screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { render } from '~/test/render';
import { CodeBlock, CopyButton, EmptyState, KeyValue, PageHeader } from '.';

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
