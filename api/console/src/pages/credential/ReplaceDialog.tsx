import { Button, Group, List, Modal, PasswordInput, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { notify, ProblemAlert, useCloseLabel, useProblemForm } from '~/components';
import { useDetailActions } from './actions';
import type { Credential } from './query';

interface Props {
  credential: Credential;
  opened: boolean;
  onClose: () => void;
}

/** Puts another refresh token in. */
export function ReplaceDialog({ credential, opened, onClose }: Props) {
  const { t } = useTranslation('credential');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('replace.title', { name: credential.biz_id })}
      closeButtonProps={useCloseLabel()}
    >
      {opened ? <Form credential={credential} onClose={onClose} /> : null}
    </Modal>
  );
}

function Form({ credential, onClose }: Omit<Props, 'opened'>) {
  const { t } = useTranslation(['credential', 'common']);
  const { edit } = useDetailActions(credential.id);
  const { form, problem, otherFields, busy, submit } = useProblemForm({
    initialValues: { refresh_token: '' },
  });
  const healthy = credential.state === 'idle' || credential.state === 'queued';
  return (
    <form
      autoComplete="off"
      onSubmit={submit(async ({ refresh_token }) => {
        await edit.mutateAsync({
          change: { refresh_token: refresh_token.trim() },
          revision: credential.revision,
        });
        notify.done(t('replace.done'));
        onClose();
      })}
    >
      <Stack gap="md">
        <List size="sm" spacing={4}>
          <List.Item>{t(healthy ? 'replace.lost' : 'replace.revives')}</List.Item>
          <List.Item>{t('replace.due')}</List.Item>
          {credential.state === 'refreshing' ? <List.Item>{t('replace.inFlight')}</List.Item> : null}
        </List>
        <PasswordInput
          label={t('replace.label')}
          required
          withAsterisk={false}
          data-autofocus
          autoComplete="off"
          visibilityToggleButtonProps={{ 'aria-label': t('common:password.show') }}
          {...form.getInputProps('refresh_token')}
        />
        <ProblemAlert problem={problem} fields={otherFields} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('replace.verb')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
