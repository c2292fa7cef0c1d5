import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, Problem, unwrap, type Schemas } from '~/api';
import { ProblemAlert, useProblemForm, useProblemText } from '~/components';
import { inSeconds, useNow } from '~/format';

interface Props {
  /** The session ended while somebody was at work, or because the password was changed. */
  news: 'ended' | 'changed' | undefined;
  onOpened: (opened: Schemas['Opened'], password: string) => void;
}

export function LogIn({ news, onOpened }: Props) {
  const { t } = useTranslation(['login', 'common']);
  const text = useProblemText();
  const [until, setUntil] = useState(0);
  const { form, problem, otherFields, busy, submit } = useProblemForm({
    initialValues: { username: '', password: '' },
  });

  const logIn = async (values: { username: string; password: string }) => {
    try {
      onOpened(await unwrap(api.POST('/api/v1/auth/login', { body: values })), values.password);
    } catch (failure) {
      if (failure instanceof Problem && failure.retryAfter !== null) setUntil(inSeconds(failure.retryAfter));
      throw failure;
    }
  };

  const wrong = problem instanceof Problem && problem.code === 'invalid_credentials';
  const slow = problem instanceof Problem && problem.code === 'too_many_attempts';
  return (
    <form onSubmit={submit(logIn)}>
      <Stack gap="md">
        {news !== undefined && problem === null ? <Text size="sm">{t(news)}</Text> : null}
        <TextInput
          label={t('username')}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
          withAsterisk={false}
          {...form.getInputProps('username')}
        />
        <PasswordInput
          label={t('password')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={{ 'aria-label': t('common:password.show') }}
          {...form.getInputProps('password')}
          {...(wrong ? { error: text(problem) } : {})}
        />
        {slow ? <Wait until={until} /> : null}
        {wrong || slow ? null : <ProblemAlert problem={problem} fields={otherFields} />}
        <SubmitButton busy={busy} until={slow ? until : 0} />
      </Stack>
    </form>
  );
}

function useSecondsLeft(until: number): number {
  return Math.max(0, Math.ceil((until - useNow()) / 1000));
}

function Wait({ until }: { until: number }) {
  const { t } = useTranslation('login');
  const seconds = useSecondsLeft(until);
  // Said once: a screen reader shall not count along.
  return (
    <Text size="sm" c="var(--rtm-doubt-fg)" role="alert" aria-atomic={false}>
      {seconds > 0 ? t('wait', { seconds }) : null}
    </Text>
  );
}

function SubmitButton({ busy, until }: { busy: boolean; until: number }) {
  const { t } = useTranslation('login');
  const seconds = useSecondsLeft(until);
  return (
    <Button type="submit" fullWidth loading={busy} disabled={seconds > 0}>
      {t('submit')}
    </Button>
  );
}
