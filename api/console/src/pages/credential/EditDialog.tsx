import { Button, Group, Modal, Stack, Table, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Problem } from '~/api';
import { Notice, notify, ProblemAlert, useCloseLabel, useProblemForm } from '~/components';
import { ClientIdPicker, ProxyPicker } from '~/pickers';
import { SEVERITIES } from '~/theme/states';
import { useDetailActions } from './actions';
import { changeOf, conflicts, fieldsOf, rebased, type Conflict } from './changes';
import { credentialQuery, type Credential } from './query';

interface Props {
  credential: Credential;
  opened: boolean;
  onClose: () => void;
}

export function EditDialog({ credential, opened, onClose }: Props) {
  const { t } = useTranslation('credential');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('edit.title', { name: credential.biz_id })}
      size="lg"
      closeButtonProps={useCloseLabel()}
    >
      {opened ? <Form opened={credential} onClose={onClose} /> : null}
    </Modal>
  );
}

/**
 * Works on what was there when it was opened. Where somebody else changed the credential meanwhile, it shows what, and
 * keeps what was typed.
 */
function Form({ opened, onClose }: { opened: Credential; onClose: () => void }) {
  const { t } = useTranslation(['credential', 'credentials', 'common']);
  const client = useQueryClient();
  const { edit } = useDetailActions(opened.id);
  // The page goes on reading the credential; the form holds to the one that it began with.
  const [base, setBase] = useState(opened);
  const [found, setFound] = useState<readonly Conflict[] | null>(null);
  const { form, problem, otherFields, busy, submit } = useProblemForm({ initialValues: fieldsOf(base) });

  const save = async (values: ReturnType<typeof fieldsOf>) => {
    const change = changeOf(fieldsOf(base), values);
    if (Object.keys(change).length === 0) {
      onClose();
      return;
    }
    try {
      await edit.mutateAsync({ change, revision: base.revision });
    } catch (failure) {
      if (!(failure instanceof Problem && failure.code === 'precondition_failed')) throw failure;
      const now = await client.query({ ...credentialQuery(base.id), staleTime: 0 });
      setFound(conflicts(base, now));
      // What was not touched here is theirs; what was stays.
      form.setValues(rebased(fieldsOf(base), values, fieldsOf(now)));
      setBase(now);
      return;
    }
    notify.done(t('edit.done'));
    onClose();
  };
  return (
    <form onSubmit={submit(save)} autoComplete="off">
      <Stack gap="sm">
        {found === null ? null : <Conflicts found={found} />}
        <Group grow align="flex-start" gap="sm">
          <TextInput
            label={t('credentials:column.biz_id')}
            required
            data-autofocus
            {...form.getInputProps('biz_id')}
          />
          <TextInput label={t('credentials:column.tag')} {...form.getInputProps('tag')} />
        </Group>
        <ClientIdPicker
          label={t('credentials:column.client_id')}
          description={t('edit.client_idHelp')}
          value={form.getValues().client_id}
          onChange={(value) => form.setFieldValue('client_id', value)}
          error={form.errors.client_id}
        />
        <ProxyPicker
          label={t('credentials:column.proxy')}
          description={t('edit.proxyHelp')}
          value={form.getValues().proxy}
          onChange={(value) => form.setFieldValue('proxy', value)}
          keep={base.proxy_id == null ? (base.proxy ?? undefined) : undefined}
          error={form.errors.proxy}
        />
        <Textarea
          label={t('credentials:column.memo')}
          autosize
          minRows={2}
          maxRows={10}
          {...form.getInputProps('memo')}
        />
        <ProblemAlert problem={problem} fields={otherFields} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t(found === null ? 'common:action.save' : 'edit.saveAnyway')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Conflicts({ found }: { found: readonly Conflict[] }) {
  const { t } = useTranslation(['credential', 'credentials', 'common']);
  const text = (value: Conflict['now']) =>
    typeof value === 'boolean'
      ? t(`credentials:enabled.${value ? 'true' : 'false'}`)
      : value === null || value === ''
        ? t('common:filter.empty')
        : value;
  return (
    <Notice role="alert" look={SEVERITIES.warning} title={t('edit.conflict')}>
      {found.length === 0 ? (
        t('edit.conflictElsewhere')
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('edit.field')}</Table.Th>
              <Table.Th>{t('edit.before')}</Table.Th>
              <Table.Th>{t('edit.now')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.map(({ field, before, now }) => (
              <Table.Tr key={field}>
                <Table.Td>{t(`credentials:column.${field}`)}</Table.Td>
                <Table.Td>{text(before)}</Table.Td>
                <Table.Td>{text(now)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Notice>
  );
}
