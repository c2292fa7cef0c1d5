import { act, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useFormat, type Format } from '~/format';
import { render } from '~/test/render';
import { ExpiryCountdown, RelativeTime } from '.';

const NOW = Date.parse('2026-01-10T08:00:00Z');
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

beforeEach(() => vi.useFakeTimers({ now: NOW }));
afterEach(() => {
  vi.useRealTimers();
});

it('writes all times of a page with the same tools', () => {
  const tools = new Set<Format>();
  const Probe = () => {
    tools.add(useFormat());
    return null;
  };
  render(
    <>
      <Probe />
      <Probe />
    </>,
  );
  expect(tools.size).toBe(1);
});

describe('ExpiryCountdown', () => {
  it('counts down with one timer for all', () => {
    const timers = vi.spyOn(globalThis, 'setInterval');
    render(
      <>
        <ExpiryCountdown at={at(65)} />
        <ExpiryCountdown at={at(3 * 86_400 + 4 * 3_600)} />
        <ExpiryCountdown at={at(-60)} />
      </>,
    );
    expect(screen.getByText('1m 5s')).toBeInTheDocument();
    expect(screen.getByText('3d 4h')).toBeInTheDocument();
    expect(screen.getByText('expired 1 min. ago')).toBeInTheDocument();
    expect(timers).toHaveBeenCalledOnce();
    act(() => {
      vi.advanceTimersByTime(5_000);
    });
    expect(screen.getByText('1m')).toBeInTheDocument();
  });

  it('leaves no timer behind', () => {
    const { unmount } = render(<ExpiryCountdown at={at(65)} />);
    const before = vi.getTimerCount();
    unmount();
    expect(vi.getTimerCount()).toBeLessThan(before);
  });

  it('shows that there is none', () => {
    render(<ExpiryCountdown at={null} none="no token" />);
    expect(screen.getByText('no token')).toBeInTheDocument();
  });
});

describe('RelativeTime', () => {
  it('goes on with the clock', () => {
    render(<RelativeTime at={at(-30)} />);
    expect(screen.getByText('30 sec. ago')).toHaveAttribute('datetime', at(-30));
    act(() => {
      vi.advanceTimersByTime(60_000);
    });
    expect(screen.getByText('1 min. ago')).toBeInTheDocument();
  });
});
