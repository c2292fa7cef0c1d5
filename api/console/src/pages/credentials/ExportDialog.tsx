import { Button, Group, List, Modal, PasswordInput, Radio, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { download, Problem, type Schemas } from '~/api';
import { notify, ProblemAlert, useCloseLabel, useProblemForm, useProblemText } from '~/components';
import { useFormat, type Counted } from '~/format';
import { IconDownload } from '~/icons';

const FORMATS = ['csv', 'jsonl', 'codex', 'cliproxyapi', 'sub2api'] as const;

interface Props {
  opened: boolean;
  selection: Schemas['Selection'];
  count: Counted;
  onClose: () => void;
}

/** Takes credentials out with their tokens: a file that opens every one of these accounts. */
export function ExportDialog({ opened, onClose, ...rest }: Props) {
  const { t } = useTranslation('credentials');
  const format = useFormat();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('export.title', { count: rest.count.count, many: format.count(rest.count) })}
      closeButtonProps={useCloseLabel()}
    >
      {opened ? <Form {...rest} onClose={onClose} /> : null}
    </Modal>
  );
}

function Form({ selection, count, onClose }: Omit<Props, 'opened'>) {
  const { t } = useTranslation(['credentials', 'common']);
  const format = useFormat();
  const text = useProblemText();
  const { form, problem, otherFields, busy, submit } = useProblemForm({
    initialValues: { format: 'csv', current_password: '' },
  });
  const wrong = problem instanceof Problem && problem.code === 'invalid_credentials';
  return (
    <form
      onSubmit={submit(async (values) => {
        await download('/api/v1/exports', { selection, ...values });
        notify.done(t('export.done'));
        onClose();
      })}
    >
      <Stack gap="md">
        <List size="sm" spacing={4}>
          <List.Item>{t('export.what', { count: count.count, many: format.count(count) })}</List.Item>
          <List.Item>{t('export.keep')}</List.Item>
          <List.Item>{t('export.audited')}</List.Item>
        </List>
        <Radio.Group label={t('export.format')} {...form.getInputProps('format')}>
          <Stack gap={6} mt={6}>
            {FORMATS.map((each) => (
              <Radio
                key={each}
                value={each}
                label={t(`export.${each}`)}
                description={t(`exportHelp.${each}`)}
              />
            ))}
          </Stack>
        </Radio.Group>
        <PasswordInput
          label={t('common:password.label')}
          description={t('common:password.why')}
          autoComplete="current-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={{ 'aria-label': t('common:password.show') }}
          {...form.getInputProps('current_password')}
          {...(wrong ? { error: text(problem) } : {})}
        />
        {wrong ? null : <ProblemAlert problem={problem} fields={otherFields} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={busy} leftSection={<IconDownload size={16} />}>
            {t('export.verb')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
