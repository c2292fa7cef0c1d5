import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap } from '~/api';
import { notify, useProblemText } from '~/components';
import type { Credential } from './query';

/** What can be done with one credential. A failure is told here; dialogs that wait for it show it as well. */
export function useCredentialActions() {
  const { t } = useTranslation('credentials');
  const client = useQueryClient();
  const text = useProblemText();
  const changed = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ['credentials'] }),
      client.invalidateQueries({ queryKey: ['credential'] }),
      client.invalidateQueries({ queryKey: ['facets'] }),
    ]);
  const at = ({ id }: Credential) => ({ params: { path: { id } } });

  const refresh = useMutation({
    mutationFn: (credential: Credential) =>
      unwrap(api.POST('/api/v1/credentials/{id}/refresh', at(credential))),
    onSuccess: ({ attempt }, { biz_id: name }) =>
      notify.done(t(attempt == null ? 'done.fresh' : 'done.refreshed', { name })),
    onError: (problem, { biz_id }) => notify.failed(`${biz_id}: ${text(problem)}`),
    onSettled: changed,
  });
  const setEnabled = useMutation({
    mutationFn: ({ credential, enabled }: { credential: Credential; enabled: boolean }) =>
      unwrap(api.PATCH('/api/v1/credentials/{id}', { ...at(credential), body: { enabled } })),
    onSuccess: (_, { credential: { biz_id: name }, enabled }) =>
      notify.done(t(enabled ? 'done.enabled' : 'done.disabled', { name })),
    onError: (problem, { credential }) => notify.failed(`${credential.biz_id}: ${text(problem)}`),
    onSettled: changed,
  });
  const remove = useMutation({
    mutationFn: (credential: Credential) => api.DELETE('/api/v1/credentials/{id}', at(credential)),
    onSuccess: (_, { biz_id: name }) => notify.done(t('done.deleted', { name })),
    onSettled: changed,
  });
  const restore = useMutation({
    mutationFn: (credential: Credential) =>
      unwrap(api.POST('/api/v1/credentials/{id}/restore', at(credential))),
    onSuccess: (_, { biz_id: name }) => notify.done(t('done.restored', { name })),
    onError: (problem, { biz_id }) => notify.failed(`${biz_id}: ${text(problem)}`),
    onSettled: changed,
  });
  return { refresh, setEnabled, remove, restore };
}
