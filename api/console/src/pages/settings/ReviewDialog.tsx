import { Button, Group, List, Modal, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/api';
import { notify, ProblemAlert, useCloseLabel } from '~/components';
import { IconWarning } from '~/icons';
import { isReset } from './draft';
import classes from './settings.module.css';
import { useSettingTexts } from './texts';
import type { DraftState } from './useDraft';
import { warnings } from './warnings';

interface Props {
  opened: boolean;
  onClose: () => void;
  state: DraftState;
}

/** Shows each change, before and after, and then saves all of them or nothing. */
export function ReviewDialog({ opened, onClose, state }: Props) {
  const { t } = useTranslation('settings');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t('review.title', { count: state.count })}
      closeButtonProps={useCloseLabel()}
    >
      {opened ? <Body onClose={onClose} state={state} /> : null}
    </Modal>
  );
}

function Body({ onClose, state }: Omit<Props, 'opened'>) {
  const { t } = useTranslation(['settings', 'common']);
  const texts = useSettingTexts();
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const { document, draft, count } = state;
  const changed = document.settings.filter(({ key }) => key in draft);
  const told = warnings(document.settings, draft, texts, t);

  const save = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await state.save();
      notify.done(t('saved', { count, version: document.version + 1 }));
      onClose();
    } catch (failure) {
      // What concerns a key stands at the key, and another version above the form.
      const elsewhere =
        failure instanceof Problem && (failure.fields.length > 0 || failure.code === 'precondition_failed');
      if (elsewhere) onClose();
      else setProblem(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Stack gap="md">
      <Table.ScrollContainer minWidth={320}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('review.setting')}</Table.Th>
              <Table.Th>{t('review.before')}</Table.Th>
              <Table.Th>{t('review.after')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {changed.map(({ key, value, default: fallback }) => (
              <Table.Tr key={key}>
                <Table.Td>
                  {texts.label(key)}
                  <Text size="xs" c="dimmed" ff="monospace" className={classes.key ?? ''}>
                    {key}
                  </Text>
                </Table.Td>
                <Table.Td>{texts.value(key, value)}</Table.Td>
                <Table.Td className={classes.after ?? ''}>
                  {isReset(draft, key)
                    ? t('afterReset', { value: texts.value(key, fallback) })
                    : texts.value(key, draft[key])}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {told.length > 0 ? (
        <List
          size="sm"
          spacing={4}
          icon={<IconWarning size={16} color="var(--rtm-doubt-fg)" aria-hidden />}
          center={false}
        >
          {told.map((text) => (
            <List.Item key={text}>{text}</List.Item>
          ))}
        </List>
      ) : null}
      <Text size="sm" c="dimmed">
        {t('review.applies')}
      </Text>
      <ProblemAlert problem={problem} />
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          {t('common:action.cancel')}
        </Button>
        <Button onClick={() => void save()} loading={busy} data-autofocus>
          {t('review.save')}
        </Button>
      </Group>
    </Stack>
  );
}
