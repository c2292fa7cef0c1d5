import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { hasEnded, jobQuery } from './query';

/** How often a job that runs is looked at where no event tells of it: events come once a second otherwise. */
const LOOK_MS = 5_000;

/** A job as it goes on; `null`: none yet. */
export function useJob(id: string | null) {
  const client = useQueryClient();
  const query = useQuery({
    ...jobQuery(id ?? ''),
    enabled: id !== null,
    // A job may end between its beginning and the first event that this page gets.
    refetchInterval: ({ state: { data } }) => (data !== undefined && hasEnded(data) ? false : LOOK_MS),
  });
  const ended = query.data !== undefined && hasEnded(query.data);
  // What it did to credentials shows in their list.
  useEffect(() => {
    if (ended) void client.invalidateQueries({ queryKey: ['credentials'] });
  }, [ended, client]);
  return query;
}
