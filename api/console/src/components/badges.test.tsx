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
  it('tells how far it is and how much failed', () => {
    render(<JobProgress state="running" done={250} failed={3} total={1000} label="Bulk refresh" />);
    expect(screen.getByText(/250 of 1,000/)).toBeInTheDocument();
    expect(screen.getByText(/3 failed/)).toBeInTheDocument();
    const bar = screen.getByRole('progressbar', { name: 'Bulk refresh' });
    expect(bar).toHaveAttribute('aria-valuenow', '24.7');
  });

  it('does not invent a share where the total is unknown', () => {
    render(<JobProgress state="queued" done={0} failed={0} total={null} label="Import" />);
    expect(screen.queryByText(/of/)).toBeNull();
  });
});
