import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { CodeBlock, Notice } from '~/components';
import { SEVERITIES } from '~/theme/states';

interface Props {
  created: Schemas['CreatedKey'] | null;
  onClose: () => void;
}

/** Shows the secret of a new key: once, and it does not go by a slip of the finger. */
export function SecretDialog({ created, onClose }: Props) {
  const { t } = useTranslation('api');
  return (
    <Modal
      opened={created !== null}
      onClose={onClose}
      title={created ? t('keys.secretTitle', { name: created.key.name }) : ''}
      size="lg"
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      {created ? <Body secret={created.secret} onClose={onClose} /> : null}
    </Modal>
  );
}

function Body({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useTranslation('api');
  const [kept, setKept] = useState(false);
  return (
    <Stack gap="md">
      <Notice role="alert" look={SEVERITIES.warning}>
        <Text size="sm" fw={600}>
          {t('keys.secretOnce')}
        </Text>
      </Notice>
      <CodeBlock code={secret} label={t('keys.secretLabel')} wrap />
      <Checkbox
        label={t('keys.secretKept')}
        checked={kept}
        onChange={(event) => setKept(event.currentTarget.checked)}
        data-autofocus
      />
      <Group justify="flex-end">
        <Button onClick={onClose} disabled={!kept}>
          {t('keys.secretDone')}
        </Button>
      </Group>
    </Stack>
  );
}
