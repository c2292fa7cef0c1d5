import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap, type Schemas } from '~/api';
import { notify } from '~/components';
import { keys } from '~/query';
import type { Secret } from './query';

/** What can be done with the credential of the page, beyond what its row in the list can. */
export function useDetailActions(id: string) {
  const { t } = useTranslation('credential');
  const client = useQueryClient();
  const path = { params: { path: { id } } };
  const changed = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: keys.credential(id) }),
      client.invalidateQueries({ queryKey: ['credentials'] }),
      client.invalidateQueries({ queryKey: ['facets'] }),
    ]);

  const resolve = useMutation({
    mutationFn: (action: Schemas['ResolveAction']) =>
      unwrap(api.POST('/api/v1/credentials/{id}/resolve', { ...path, body: { action } })),
    onSuccess: (_, action) => notify.done(t(`resolve.${action}.done`)),
    onSettled: changed,
  });
  const retry = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/credentials/{id}/retry', path)),
    onSuccess: () => notify.done(t('retry.done')),
    onSettled: changed,
  });
  const edit = useMutation({
    mutationFn: ({ change, revision }: { change: Schemas['Change']; revision: number }) =>
      unwrap(
        api.PATCH('/api/v1/credentials/{id}', {
          params: { path: { id }, header: { 'If-Match': `"${revision}"` } },
          body: change,
        }),
      ),
    onSettled: changed,
  });
  const purge = useMutation({
    mutationFn: () => api.POST('/api/v1/credentials/{id}/purge', { ...path, body: { confirm: true } }),
    onSettled: changed,
  });
  // Not a mutation: its password must not stay as long as the page is open.
  const revoke = async (password: string): Promise<void> => {
    try {
      await api.POST('/api/v1/credentials/{id}/revoke', { ...path, body: { password } });
    } finally {
      await changed();
    }
  };
  const restore = useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/credentials/{id}/restore', path)),
    onSettled: changed,
  });
  // Not a mutation: what it brings must not stay in a cache.
  const reveal = async (what: Secret, password: string): Promise<string> => {
    const { value } = await unwrap(
      api.POST('/api/v1/credentials/{id}/reveal', { ...path, body: { password, what } }),
    );
    return value;
  };
  return { resolve, retry, edit, purge, revoke, restore, reveal };
}
