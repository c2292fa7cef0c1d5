import { Button, PasswordInput, Stack, Stepper, Text, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api, Problem } from '~/api';
import { ProblemAlert, useProblemForm, useProblemText } from '~/components';

/** The rule of the server (docs/api.md), told before it is broken. */
const SHORTEST = 10;

interface Props {
  /** Unknown after the page was loaded anew: then they are asked for. */
  username: string | undefined;
  password: string | undefined;
  /** The new password is set and a session is open. */
  onDone: () => Promise<void>;
}

/** The first run: the example's password, which everybody knows, gives way to an own one. */
export function FirstPassword({ username, password, onDone }: Props) {
  const { t } = useTranslation(['login', 'common']);
  const text = useProblemText();
  const { form, problem, otherFields, busy, submit } = useProblemForm({
    initialValues: {
      username: username ?? '',
      current_password: password ?? '',
      new_password: '',
      repeat: '',
    },
    validate: {
      new_password: (value) => (Array.from(value).length < SHORTEST ? t('first.short') : null),
      repeat: (value, values) => (value === values.new_password ? null : t('first.differ')),
    },
  });
  const wrong = problem instanceof Problem && problem.code === 'invalid_credentials';
  const shown = { 'aria-label': t('common:password.show') };

  const change = async (values: { username: string; current_password: string; new_password: string }) => {
    const { current_password, new_password } = values;
    await api.POST('/api/v1/auth/password', { body: { current_password, new_password } });
    // That ended the session; the new password opens another.
    await api.POST('/api/v1/auth/login', { body: { username: values.username, password: new_password } });
    await onDone();
  };

  return (
    <form onSubmit={submit(change)}>
      <Stack gap="md">
        <Stepper active={1} size="xs" iconSize={24} allowNextStepsSelect={false} wrap={false}>
          <Stepper.Step label={t('first.step1')} disabled component="div" />
          <Stepper.Step label={t('first.step2')} component="div" aria-current="step" />
          <Stepper.Step label={t('first.step3')} disabled component="div" />
        </Stepper>
        <Text size="sm">{t('first.lead')}</Text>
        {/* Password managers keep the new password for this name. */}
        {username === undefined ? (
          <TextInput
            label={t('username')}
            autoComplete="username"
            required
            withAsterisk={false}
            {...form.getInputProps('username')}
          />
        ) : (
          <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
        )}
        {password === undefined || wrong ? (
          <PasswordInput
            label={t('first.current')}
            autoComplete="current-password"
            required
            withAsterisk={false}
            visibilityToggleButtonProps={shown}
            {...form.getInputProps('current_password')}
            {...(wrong ? { error: text(problem) } : {})}
          />
        ) : null}
        <PasswordInput
          label={t('first.next')}
          description={t('first.rule')}
          autoComplete="new-password"
          required
          withAsterisk={false}
          autoFocus
          visibilityToggleButtonProps={shown}
          {...form.getInputProps('new_password')}
        />
        <PasswordInput
          label={t('first.repeat')}
          autoComplete="new-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={shown}
          {...form.getInputProps('repeat')}
        />
        {wrong ? null : <ProblemAlert problem={problem} fields={otherFields} />}
        <Button type="submit" fullWidth loading={busy}>
          {t('first.submit')}
        </Button>
      </Stack>
    </form>
  );
}
