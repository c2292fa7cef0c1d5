import { Button, Group, Modal, PasswordInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { api, Problem, type Schemas } from '~/api';
import { ProblemAlert, useCloseLabel, useProblemForm, useProblemText } from '~/components';
import { SHORTEST_PASSWORD, usePeople } from './people';
import type { Person } from './query';

const ROLES = ['viewer', 'administrator'] as const satisfies readonly Schemas['Role'][];

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
}

function Dialog({ opened, onClose, title, children }: DialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={useCloseLabel()}>
      {opened ? children : null}
    </Modal>
  );
}

/** Who is added without a thought can look only. */
const NOBODY: Schemas['CreateUser'] = { username: '', password: '', role: 'viewer' };

export function AddPerson({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('system');
  return (
    <Dialog opened={opened} onClose={onClose} title={t('people.add')}>
      <AddForm onClose={onClose} />
    </Dialog>
  );
}

function AddForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['system', 'common']);
  const { add } = usePeople();
  const { form, problem, otherFields, busy, submit } = useProblemForm({
    initialValues: NOBODY,
    validate: { password: (value) => shortError(value, t('people.tooShort')) },
  });
  return (
    <form
      autoComplete="off"
      onSubmit={submit(async (values) => {
        await add(values);
        onClose();
      })}
    >
      <Stack gap="md">
        <TextInput
          label={t('people.username')}
          description={t('people.usernameHelp')}
          required
          maxLength={64}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          data-autofocus
          {...form.getInputProps('username')}
        />
        <PasswordInput
          label={t('people.password')}
          description={t('people.passwordHelp')}
          required
          autoComplete="new-password"
          visibilityToggleButtonProps={{ 'aria-label': t('common:password.show') }}
          {...form.getInputProps('password')}
        />
        <RoleChoice value={form.values.role} onChange={(role) => form.setFieldValue('role', role)} />
        <ProblemAlert problem={problem} fields={otherFields} />
        <Buttons onClose={onClose} busy={busy} label={t('people.addVerb')} />
      </Stack>
    </form>
  );
}

export function RoleChoice({
  value,
  onChange,
}: {
  value: Schemas['Role'];
  onChange: (role: Schemas['Role']) => void;
}) {
  const { t } = useTranslation(['system', 'terms']);
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500}>
        {t('people.role')}
      </Text>
      <SegmentedControl
        aria-label={t('people.role')}
        value={value}
        onChange={onChange}
        data={ROLES.map((role) => ({ value: role, label: t(`terms:role.${role}`) }))}
      />
      <Text size="xs" c="dimmed">
        {t(`people.roleHelp.${value}`)}
      </Text>
    </Stack>
  );
}

export function SetPassword({
  person,
  opened,
  onClose,
}: {
  person: Person;
  opened: boolean;
  onClose: () => void;
}) {
  const { t } = useTranslation('system');
  const { setPassword } = usePeople();
  const { username: name } = person;
  return (
    <Dialog opened={opened} onClose={onClose} title={t('people.passwordTitle', { name })}>
      <PasswordForm
        ends={t('people.endsSessions', { name })}
        onSet={(values) => setPassword(name, values)}
        onClose={onClose}
      />
    </Dialog>
  );
}

/** Everybody may change the own password. That ends the session, so it leads to the log-in. */
export function ChangePassword({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('system');
  const client = useQueryClient();
  const navigate = useNavigate();
  return (
    <Dialog opened={opened} onClose={onClose} title={t('sessions.password')}>
      <PasswordForm
        ends={t('sessions.passwordEnds')}
        onSet={async (body) => {
          await api.POST('/api/v1/auth/password', { body });
          await navigate('/login', { state: { changed: true } });
          client.clear();
        }}
        onClose={onClose}
      />
    </Dialog>
  );
}

interface PasswordFormProps {
  /** What becomes of sessions. */
  ends: string;
  onSet: (values: Schemas['SetUserPassword']) => Promise<void>;
  onClose: () => void;
}

function PasswordForm({ ends, onSet, onClose }: PasswordFormProps) {
  const { t } = useTranslation(['system', 'common']);
  const text = useProblemText();
  const { form, problem, otherFields, busy, submit } = useProblemForm({
    initialValues: { new_password: '', current_password: '' },
    validate: { new_password: (value) => shortError(value, t('people.tooShort')) },
  });
  const wrong = problem instanceof Problem && problem.code === 'invalid_credentials';
  const show = { 'aria-label': t('common:password.show') };
  return (
    <form
      autoComplete="off"
      onSubmit={submit(async (values) => {
        await onSet(values);
        onClose();
      })}
    >
      <Stack gap="md">
        <Text size="sm">{ends}</Text>
        <PasswordInput
          label={t('people.newPassword')}
          description={t('people.passwordHelp')}
          required
          data-autofocus
          autoComplete="new-password"
          visibilityToggleButtonProps={show}
          {...form.getInputProps('new_password')}
        />
        <PasswordInput
          label={t('common:password.label')}
          description={t('common:password.why')}
          required
          autoComplete="current-password"
          visibilityToggleButtonProps={show}
          {...form.getInputProps('current_password')}
          {...(wrong ? { error: text(problem) } : {})}
        />
        {wrong ? null : <ProblemAlert problem={problem} fields={otherFields} />}
        <Buttons onClose={onClose} busy={busy} label={t('people.setPassword')} />
      </Stack>
    </form>
  );
}

function Buttons({ onClose, busy, label }: { onClose: () => void; busy: boolean; label: string }) {
  const { t } = useTranslation();
  return (
    <Group justify="flex-end" gap="xs">
      <Button variant="default" onClick={onClose}>
        {t('action.cancel')}
      </Button>
      <Button type="submit" loading={busy}>
        {label}
      </Button>
    </Group>
  );
}

function shortError(value: string, text: string): string | null {
  return Array.from(value).length < SHORTEST_PASSWORD ? text : null;
}
