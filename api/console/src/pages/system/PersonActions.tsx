import { Menu } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmDialog, RowButton } from '~/components';
import {
  IconDelete,
  IconDisabled,
  IconHealthy,
  IconHistory,
  IconLock,
  IconLogOut,
  IconMore,
  IconUsers,
} from '~/icons';
import { Link } from 'react-router';
import { useIsAdministrator, useSession } from '~/session';
import { usePeople } from './people';
import { SetPassword } from './PersonForms';
import type { Person } from './query';

type Asking = 'role' | 'enabled' | 'password' | 'sessions' | 'delete' | null;

/** What can be done about one person. The account of the configuration stays an administrator who may log in. */
export function PersonActions({ person }: { person: Person }) {
  const { t } = useTranslation(['system', 'common', 'terms']);
  const may = useIsAdministrator();
  const me = useSession().username === person.username;
  const [asking, setAsking] = useState<Asking>(null);
  const people = usePeople();
  const { username: name, role, enabled, configured } = person;
  const other = role === 'administrator' ? 'viewer' : 'administrator';
  const close = () => setAsking(null);
  const own = me ? [t('people.yourself')] : [];
  const ends = t('people.endsSessions', { name });

  return (
    <>
      <Menu position="bottom-end" withinPortal shadow="md">
        <Menu.Target>
          <RowButton aria-label={t('common:table.rowActions', { name })}>
            <IconMore size={17} />
          </RowButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            component={Link}
            to={`/system?tab=audit&actor=${encodeURIComponent(name)}`}
            leftSection={<IconHistory size={16} />}
          >
            {t('people.deeds')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLock size={16} />}
            disabled={!may}
            onClick={() => setAsking('password')}
          >
            {t('people.setPassword')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconUsers size={16} />}
            disabled={!may || configured}
            onClick={() => setAsking('role')}
          >
            {t('people.make', { role: t(`terms:role.${other}`) })}
          </Menu.Item>
          <Menu.Item
            leftSection={enabled ? <IconDisabled size={16} /> : <IconHealthy size={16} />}
            disabled={!may || configured}
            onClick={() => setAsking('enabled')}
          >
            {t(enabled ? 'people.disable' : 'people.enable')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLogOut size={16} />}
            disabled={!may}
            onClick={() => setAsking('sessions')}
          >
            {t('people.endSessions')}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            leftSection={<IconDelete size={16} />}
            disabled={!may || configured}
            {...(may && !configured ? { c: 'var(--rtm-bad-fg)' } : {})}
            onClick={() => setAsking('delete')}
          >
            {t('people.delete')}
          </Menu.Item>
          {configured ? <Menu.Label maw={230}>{t('people.configuredHelp')}</Menu.Label> : null}
        </Menu.Dropdown>
      </Menu>
      <SetPassword person={person} opened={asking === 'password'} onClose={close} />
      <ConfirmDialog
        opened={asking === 'role'}
        onClose={close}
        title={t('people.roleTitle', { name, role: t(`terms:role.${other}`) })}
        consequences={[t(`people.roleHelp.${other}`), ends, ...own]}
        confirmLabel={t('people.make', { role: t(`terms:role.${other}`) })}
        onConfirm={() => people.edit(name, { role: other })}
      />
      <ConfirmDialog
        opened={asking === 'enabled'}
        onClose={close}
        title={t(enabled ? 'people.disableTitle' : 'people.enableTitle', { name })}
        consequences={
          enabled ? [t('people.disableWhat', { name }), ends, ...own] : [t('people.enableWhat', { name })]
        }
        confirmLabel={t(enabled ? 'people.disable' : 'people.enable')}
        onConfirm={() => people.edit(name, { enabled: !enabled })}
      />
      <ConfirmDialog
        opened={asking === 'sessions'}
        onClose={close}
        title={t('people.sessionsTitle', { name })}
        consequences={[t('people.sessionsWhat', { name }), ...own]}
        confirmLabel={t('people.endSessions')}
        onConfirm={() => people.endSessions(name)}
      />
      <ConfirmDialog
        opened={asking === 'delete'}
        onClose={close}
        title={t('people.deleteTitle', { name })}
        consequences={[
          t('people.deleteWhat', { name }),
          t('people.deleteLog'),
          t('common:confirm.cannotUndo'),
          ...own,
        ]}
        confirmLabel={t('people.delete')}
        danger
        onConfirm={() => people.remove(name)}
      />
    </>
  );
}
