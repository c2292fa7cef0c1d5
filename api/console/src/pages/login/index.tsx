import { Center, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { Logo } from '~/layout/Logo';
import { LanguageSwitch, ThemeSwitch } from '~/layout/switches';
import { placeOf } from '~/session';
import { FirstPassword } from './FirstPassword';
import classes from './login.module.css';
import { LogIn } from './LogIn';

/** What is known of somebody whose password has to be changed; kept in memory only. */
interface Placeholder {
  username: string;
  password: string;
}

export function Component() {
  const { t } = useTranslation(['login', 'common']);
  const [params] = useSearchParams();
  const state: unknown = useLocation().state;
  const navigate = useNavigate();
  const client = useQueryClient();
  const [placeholder, setPlaceholder] = useState<Placeholder | null>(null);
  const first = placeholder !== null || params.get('step') === 'password';
  const news = (['ended', 'changed'] as const).find(
    (name) => typeof state === 'object' && state !== null && name in state,
  );

  const enter = async (place: string) => {
    // Nothing of an earlier session may be shown.
    client.clear();
    await navigate(place, { replace: true });
  };

  return (
    <main className={classes.page}>
      <title>{`${t(first ? 'first.title' : 'title')} · rt-manage`}</title>
      <Group className={classes.switches ?? ''} gap={4}>
        <LanguageSwitch />
        <ThemeSwitch />
      </Group>
      <Center>
        <Stack w="min(25rem, 100%)" gap="lg">
          <Group gap="sm" wrap="nowrap">
            <Logo size={40} />
            <div>
              <Text fw={700} size="lg" lh={1.2}>
                {t('common:app.name')} · {t('common:app.subtitle')}
              </Text>
              <Text c="dimmed" size="sm">
                {t('lead')}
              </Text>
            </div>
          </Group>
          <Paper p="lg" shadow="xs">
            <Title order={1} mb="md">
              {t(first ? 'first.title' : 'title')}
            </Title>
            {first ? (
              <FirstPassword
                username={placeholder?.username}
                password={placeholder?.password}
                onDone={() => enter('/import')}
              />
            ) : (
              <LogIn
                news={news}
                onOpened={(opened, password) => {
                  if (opened.must_change_password) setPlaceholder({ username: opened.username, password });
                  else void enter(placeOf(params.get('next')));
                }}
              />
            )}
          </Paper>
        </Stack>
      </Center>
    </main>
  );
}
