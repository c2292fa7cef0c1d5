import { screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import { render } from '~/test/render';
import { JobProgress, StateBadge } from '.';

describe('StateBadge', () => {
  it('says the state in words, with a sign', () => {
    const { container } = render(<StateBadge state="in_doubt" />);
    expect(screen.getByText('In doubt')).toBeInTheDocument();
    expect(container.querySelector('svg')).not.toBeNull();
  });

  it('says why a credential is held', () => {
    render(<StateBadge state="held" reason="region" />);
    expect(screen.getByText(/region refused/)).toBeInTheDocument();
  });

  it('shows a disabled one as such, unless somebody has to act', () => {
    render(
      <>
        <StateBadge state="idle" enabled={false} />
        <StateBadge state="dead" enabled={false} />
      </>,
    );
    expect(screen.getByText('Disabled')).toBeInTheDocument();
    expect(screen.getByText('Dead')).toBeInTheDocument();
  });
});

describe('JobProgress', () => {
  const counts = { waiting: 750, running: 0, done: 247, failed: 3, skipped: 0, cancelled: 0 };

  it('tells how far it is and how much failed', () => {
    render(
      <JobProgress job={{ action: 'refresh', state: 'running', total: 1000, counts }} label="Bulk refresh" />,
    );
    expect(screen.getByText(/250 of 1,000/)).toBeInTheDocument();
    expect(screen.getAllByText(/3 failed/)[0]).toBeInTheDocument();
    const bar = screen.getByRole('progressbar', { name: 'Bulk refresh' });
    expect(bar).toHaveAttribute('aria-valuenow', '24.7');
  });

  it('does not invent a share where the total is unknown', () => {
    render(
      <JobProgress
        job={{ action: 'import', state: 'waiting', total: null, counts: { ...counts, failed: 0 } }}
        label="Import"
      />,
    );
    expect(screen.queryByText(/of/)).toBeNull();
  });

  it('does not call it done where something failed', () => {
    render(<JobProgress job={{ action: 'import', state: 'finished', total: 250, counts }} label="Import" />);
    expect(screen.getByText('Done with failures')).toBeInTheDocument();
  });
});
