import { Group, Kbd, Modal, Stack, Switch, Table } from '@mantine/core';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { useCloseLabel } from '~/components';
import { useShortcuts } from './shortcuts';

export default function ShortcutHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const { shortcuts, enabled, setEnabled } = useShortcuts();
  const all = [{ keys: 'Ctrl+K', label: t('shortcuts.search') }, ...shortcuts];
  return (
    <Modal opened={opened} onClose={onClose} title={t('shortcuts.title')} closeButtonProps={useCloseLabel()}>
      <Stack gap="md">
        <Table withRowBorders={false}>
          <Table.Tbody>
            {all.map(({ keys, label }) => (
              <Table.Tr key={keys}>
                <Table.Td>{label}</Table.Td>
                <Table.Td ta="right">
                  <Keys keys={keys} then={t('shortcuts.then')} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Switch
          label={t('shortcuts.single')}
          description={t('shortcuts.singleHelp')}
          checked={enabled}
          onChange={(event) => setEnabled(event.currentTarget.checked)}
        />
      </Stack>
    </Modal>
  );
}

function Keys({ keys, then }: { keys: string; then: string }) {
  const separator = keys.includes('+') && keys.length > 1 ? '+' : ' ';
  return (
    <Group gap={4} justify="flex-end" wrap="nowrap">
      {keys.split(separator).map((key, place) => (
        <Fragment key={key}>
          {place > 0 ? <span>{separator === '+' ? '+' : then}</span> : null}
          <Kbd>{key}</Kbd>
        </Fragment>
      ))}
    </Group>
  );
}
