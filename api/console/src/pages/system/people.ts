import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, type Schemas } from '~/api';
import { notify } from '~/components';
import { keys } from '~/query';

/** The rule of the server (docs/api.md), told before it is broken. */
export const SHORTEST_PASSWORD = 10;

/** What is changed about people. Each throws a `Problem`; the dialog that asked shows it. */
export function usePeople() {
  const { t } = useTranslation('system');
  const client = useQueryClient();
  const at = (username: string) => ({ params: { path: { username } } });
  const changed = (message: string) => {
    notify.done(message);
    return client.invalidateQueries({ queryKey: keys.users });
  };
  return {
    add: async (body: Schemas['CreateUser']) => {
      await api.POST('/api/v1/users', { body });
      await changed(t('people.added', { name: body.username }));
    },
    edit: async (username: string, body: Schemas['EditUser']) => {
      await api.PATCH('/api/v1/users/{username}', { ...at(username), body });
      await changed(t('people.changed', { name: username }));
    },
    setPassword: async (username: string, body: Schemas['SetUserPassword']) => {
      await api.POST('/api/v1/users/{username}/password', { ...at(username), body });
      await changed(t('people.passwordSet', { name: username }));
    },
    endSessions: async (username: string) => {
      await api.DELETE('/api/v1/users/{username}/sessions', at(username));
      notify.done(t('people.sessionsEnded', { name: username }));
    },
    remove: async (username: string) => {
      await api.DELETE('/api/v1/users/{username}', at(username));
      await changed(t('people.removed', { name: username }));
    },
  };
}
