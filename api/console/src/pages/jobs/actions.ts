import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { keys } from '~/query';

/** Stopping refreshing and letting it go on. Failures show in the dialog that asks. */
export function useSwitches() {
  const client = useQueryClient();
  const changed = () =>
    Promise.all(
      [keys.status, keys.egresses, keys.queue].map((queryKey) => client.invalidateQueries({ queryKey })),
    );
  const pause = useMutation({
    mutationFn: (body: Schemas['Pause']) => unwrap(api.POST('/api/v1/pause', { body })),
    onSettled: changed,
  });
  const resume = useMutation({
    mutationFn: (body: Schemas['Resume']) => unwrap(api.POST('/api/v1/resume', { body })),
    onSettled: changed,
  });
  return { pause, resume };
}
