import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '~/api';
import { notify, useProblemText } from '~/components';
import { keys } from '~/query';
import type { Job } from './query';

/** What can be done with a job. */
export function useJobActions() {
  const { t } = useTranslation('jobs');
  const client = useQueryClient();
  const text = useProblemText();
  const changed = () => client.invalidateQueries({ queryKey: keys.jobs() });

  const cancel = useMutation({
    mutationFn: ({ id }: Job) => unwrap(api.DELETE('/api/v1/jobs/{id}', { params: { path: { id } } })),
    onSuccess: (job) => client.setQueryData(keys.job(job.id), job),
    onSettled: changed,
  });
  const retry = useMutation({
    mutationFn: ({ id }: Job) =>
      unwrap(
        api.POST('/api/v1/jobs/{id}/retry', {
          params: { path: { id }, header: { 'Idempotency-Key': idempotencyKey() } },
        }),
      ),
    onSuccess: () => notify.done(t('retry.done')),
    onError: (problem) => notify.failed(text(problem)),
    onSettled: changed,
  });
  return { cancel, retry };
}

/** Names a request, so that sending it twice does it once. Also where the page came over plain HTTP. */
export function idempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
