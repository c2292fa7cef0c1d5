import { useQueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect, useState, useSyncExternalStore, type ReactNode } from 'react';
import { LiveConnection, type LiveState } from './live';
import type { RecentEvent } from './recent';

const Live = createContext<LiveConnection | null>(null);

/** Holds the connection for events as long as somebody is logged in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [connection] = useState(() => new LiveConnection(client));
  useEffect(() => {
    connection.start();
    return () => connection.stop();
  }, [connection]);
  return <Live value={connection}>{children}</Live>;
}

export function useLive(): { state: LiveState; retryNow: () => void } {
  const connection = use(Live);
  const state = useSyncExternalStore(
    connection?.subscribe ?? nothing,
    connection?.state ?? (() => 'connecting' as const),
  );
  return { state, retryNow: () => connection?.retryNow() };
}

const nothing = () => () => undefined;

const none: readonly RecentEvent[] = [];

/** What was heard lately, the newest first; bursts are one entry. */
export function useRecentEvents(): readonly RecentEvent[] {
  const recent = use(Live)?.recent;
  return useSyncExternalStore(recent?.subscribe ?? nothing, recent?.list ?? (() => none));
}
