import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { api } from '~/api';
import { notify, useProblemText } from '~/components';
import { IconAccount, IconHistory, IconLogOut } from '~/icons';
import { useSession } from '~/session';

export function AccountMenu() {
  const { t } = useTranslation();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const text = useProblemText();
  const logOut = useMutation({
    mutationFn: () => api.POST('/api/v1/auth/logout'),
    onSuccess: async () => {
      await navigate('/login');
      client.clear();
    },
    onError: (problem) => notify.failed(text(problem)),
  });
  const label = t('account.menu', { name: session.username });
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <Tooltip label={label}>
          <ActionIcon size="lg" aria-label={label}>
            <IconAccount size={21} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {session.username} · {t(`account.${session.role}`)}
        </Menu.Label>
        <Menu.Item component={Link} to="/system?tab=sessions" leftSection={<IconHistory size={16} />}>
          {t('account.sessions')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogOut size={16} />} onClick={() => logOut.mutate()}>
          {t('account.logout')}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
