import { Badge, Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { DataTable, EmptyState, Pill, RelativeTime, type Column } from '~/components';
import { useFormat } from '~/format';
import { IconAdd } from '~/icons';
import { useIsAdministrator, useSession } from '~/session';
import { KEY_STATES } from '~/theme/states';
import { PersonActions } from './PersonActions';
import { AddPerson } from './PersonForms';
import { usersQuery, type Person } from './query';

/** Who may log in. Everybody sees them, administrators change them. */
export function PeopleTab() {
  const { t } = useTranslation(['system', 'common', 'terms']);
  const format = useFormat();
  const may = useIsAdministrator();
  const me = useSession().username;
  const users = useQuery(usersQuery);
  const [adding, { open, close }] = useDisclosure(false);
  const columns = useMemo<readonly Column<Person>[]>(
    () => [
      {
        key: 'username',
        title: t('people.username'),
        fixed: true,
        render: ({ username, configured }) => (
          <>
            <strong>{username}</strong>{' '}
            {username === me ? (
              <Badge variant="default" miw="max-content">
                {t('people.you')}
              </Badge>
            ) : null}{' '}
            {configured ? (
              <Badge variant="default" miw="max-content">
                {t('people.configured')}
              </Badge>
            ) : null}
          </>
        ),
      },
      { key: 'role', title: t('people.role'), render: ({ role }) => t(`terms:role.${role}`) },
      {
        key: 'enabled',
        title: t('people.state'),
        render: ({ enabled }) => (
          <Pill look={KEY_STATES[enabled ? 'active' : 'disabled']}>
            {t(enabled ? 'people.mayLogIn' : 'people.mayNot')}
          </Pill>
        ),
      },
      {
        key: 'created_at',
        title: t('people.createdAt'),
        numeric: true,
        render: ({ created_at }) => <RelativeTime at={created_at} />,
      },
      {
        key: 'updated_at',
        title: t('people.updatedAt'),
        numeric: true,
        render: ({ updated_at }) => <RelativeTime at={updated_at} />,
      },
      { key: 'actions', title: '', fixed: true, width: 48, render: (row) => <PersonActions person={row} /> },
    ],
    [t, me],
  );
  const items = users.data?.items;
  return (
    <>
      <DataTable<Person>
        name="people"
        label={t('tab.people')}
        columns={columns}
        rows={items}
        rowId={(row) => row.username}
        rowName={(row) => row.username}
        reading={users}
        minHeight={160}
        toolbar={
          <>
            <Button
              size="compact-sm"
              leftSection={<IconAdd size={15} />}
              onClick={open}
              disabled={!may}
              {...(may ? {} : { title: t('common:administratorOnly') })}
            >
              {t('people.add')}
            </Button>
            <span>
              {items ? t('people.count', { count: items.length, n: format.number(items.length) }) : ''}
            </span>
          </>
        }
        empty={<EmptyState kind="nothing" />}
      />
      <AddPerson opened={adding} onClose={close} />
    </>
  );
}
