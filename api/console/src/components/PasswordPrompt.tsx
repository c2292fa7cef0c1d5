import { Button, Group, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/api';
import { ProblemAlert, useProblemText } from './problems';
import { useCloseLabel } from './useCloseLabel';
import { useProblemForm } from './useProblemForm';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** Why it is asked, and what is written down. */
  why?: string;
  confirmLabel: string;
  /** Throws a `Problem` where the password is wrong; the dialog stays open then. */
  onSubmit: (password: string) => Promise<unknown>;
}

/** Asks for the password once more, before what reveals or takes away. */
export function PasswordPrompt({ opened, onClose, title, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={useCloseLabel()}>
      {opened ? <Body {...rest} onClose={onClose} /> : null}
    </Modal>
  );
}

function Body({ why, confirmLabel, onSubmit, onClose }: Omit<Props, 'opened' | 'title'>) {
  const { t } = useTranslation();
  const text = useProblemText();
  const { form, problem, busy, submit } = useProblemForm({ initialValues: { password: '' } });
  const wrong = problem instanceof Problem && problem.code === 'invalid_credentials';
  return (
    <form
      onSubmit={submit(async ({ password }) => {
        await onSubmit(password);
        onClose();
      })}
    >
      <Stack gap="md">
        <Text size="sm">{why ?? t('password.why')}</Text>
        <PasswordInput
          label={t('password.label')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          data-autofocus
          visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
          {...form.getInputProps('password')}
          {...(wrong ? { error: text(problem) } : {})}
        />
        {wrong ? null : <ProblemAlert problem={problem} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {confirmLabel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
