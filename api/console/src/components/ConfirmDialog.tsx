import { Button, Group, List, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconWarning } from '~/icons';
import { ProblemAlert } from './problems';
import { useCloseLabel } from './useCloseLabel';

export interface ConfirmDialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What will happen, and to how many: one sentence each. */
  consequences: readonly string[];
  /** The verb on the button, as in the title. */
  confirmLabel: string;
  /** What leaves all as it is, where “Cancel” could be taken for the deed. */
  closeLabel?: string;
  /** Red, for what takes something away. */
  danger?: boolean;
  /** Has to be typed first: for what is large or final. */
  typeToConfirm?: string;
  onConfirm: () => Promise<unknown>;
}

/** Asks before something that cannot be undone, or that concerns many. Closes itself when it is done. */
export function ConfirmDialog({ opened, onClose, ...rest }: ConfirmDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={rest.title} closeButtonProps={useCloseLabel()}>
      {/* Made anew at each opening: nothing that was typed stays. */}
      {opened ? <Body {...rest} onClose={onClose} /> : null}
    </Modal>
  );
}

function Body(props: Omit<ConfirmDialogProps, 'opened' | 'title'>) {
  const { consequences, confirmLabel, closeLabel, danger = false, typeToConfirm, onConfirm, onClose } = props;
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);

  const confirm = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setProblem(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void confirm();
      }}
    >
      <Stack gap="md">
        <List size="sm" spacing={4}>
          {consequences.map((text) => (
            <List.Item key={text}>{text}</List.Item>
          ))}
        </List>
        {typeToConfirm === undefined ? null : (
          <TextInput
            label={t('confirm.type', { text: typeToConfirm })}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        <ProblemAlert problem={problem} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {closeLabel ?? t('action.cancel')}
          </Button>
          <Button
            type="submit"
            {...(danger ? { color: 'red.9', leftSection: <IconWarning size={16} aria-hidden /> } : {})}
            loading={busy}
            disabled={typeToConfirm !== undefined && typed.trim() !== typeToConfirm}
          >
            <Text span inherit>
              {confirmLabel}
            </Text>
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
