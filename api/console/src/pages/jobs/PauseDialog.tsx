import { Button, Group, List, Modal, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ProblemAlert, useCloseLabel, useProblemForm } from '~/components';
import { IconPause } from '~/icons';
import { useSwitches } from './actions';

interface Props {
  opened: boolean;
  onClose: () => void;
  title: string;
  consequences: readonly string[];
  /** Key of one egress; without it all refreshing is paused. */
  egress?: string;
}

/** Pauses all refreshing or one egress, with a reason that everybody sees. */
export function PauseDialog({ opened, onClose, title, ...rest }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={useCloseLabel()}>
      {opened ? <Form {...rest} onClose={onClose} /> : null}
    </Modal>
  );
}

function Form({ consequences, egress, onClose }: Omit<Props, 'opened' | 'title'>) {
  const { t } = useTranslation(['jobs', 'common']);
  const { pause } = useSwitches();
  const { form, problem, otherFields, busy, submit } = useProblemForm({ initialValues: { reason: '' } });
  return (
    <form
      onSubmit={submit(async ({ reason }) => {
        await pause.mutateAsync({ reason: reason.trim(), ...(egress === undefined ? {} : { egress }) });
        onClose();
      })}
    >
      <Stack gap="md">
        <List size="sm" spacing={4}>
          {consequences.map((text) => (
            <List.Item key={text}>{text}</List.Item>
          ))}
        </List>
        <TextInput
          label={t('pause.reason')}
          description={t('pause.reasonHelp')}
          required
          maxLength={255}
          data-autofocus
          {...form.getInputProps('reason')}
        />
        <ProblemAlert problem={problem} fields={otherFields} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={busy} leftSection={<IconPause size={16} />}>
            {t('pause.verb')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
