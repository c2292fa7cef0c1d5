import { Anchor, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schemas } from '~/api';
import { useCloseLabel } from '~/components';
import { useFormat } from '~/format';

interface Props {
  uses: Schemas['Uses'];
  /** The list of those that use it. */
  to: string;
}

/** How many credentials use something, as the way to them. */
export function Uses({ uses, to }: Props) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  if (uses.count === 0)
    return (
      <Text span c="dimmed" inherit>
        {t('proxies.unused')}
      </Text>
    );
  return (
    <Anchor component={Link} to={to} inherit>
      {t('proxies.usesCount', { count: uses.count, shown: format.count(uses) })}
    </Anchor>
  );
}

interface InUseProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  text: string;
  to: string;
}

/** Instead of asking whether to delete what cannot be deleted: who is in the way, and the way to them. */
export function InUse({ opened, onClose, title, text, to }: InUseProps) {
  const { t } = useTranslation(['settings', 'common']);
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={useCloseLabel()}>
      <Stack gap="md">
        <Text size="sm">{text}</Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.close')}
          </Button>
          <Button component={Link} to={to}>
            {t('proxies.showUsers')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
