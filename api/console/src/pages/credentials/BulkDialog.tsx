import { Button, Checkbox, Group, List, Modal, NumberInput, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { ProblemAlert, useCloseLabel, useProblemForm } from '~/components';
import { useFormat, type Counted } from '~/format';
import { IconWarning } from '~/icons';
import { idempotencyKey } from '~/jobs';
import { ClientIdPicker, DEFAULT_PROXY, proxyFields, ProxyPicker } from '~/pickers';
import { useBulk, type BulkAction } from './useBulk';

/** From how many on the number has to be typed, where something is taken away. */
const MANY = 100;
/** As many as the server takes where nothing is said. */
const CANARY = 10;

interface Props {
  /** `null`: closed. */
  action: BulkAction | null;
  selection: Schemas['Selection'];
  count: Counted;
  onClose: () => void;
  onStarted: (job: string) => void;
}

/** Says what will be done to how many, asks for what it needs, and starts the job. */
export function BulkDialog({ action, onClose, ...rest }: Props) {
  const { t } = useTranslation('credentials');
  const format = useFormat();
  return (
    <Modal
      opened={action !== null}
      onClose={onClose}
      title={
        action === null
          ? ''
          : t(`bulkTitle.${action}`, { count: rest.count.count, many: format.count(rest.count) })
      }
      closeButtonProps={useCloseLabel()}
    >
      {action === null ? null : <Form {...rest} action={action} onClose={onClose} />}
    </Modal>
  );
}

const EMPTY = {
  tag: '',
  memo: '',
  client_id: '',
  proxy: DEFAULT_PROXY,
  first: true,
  canary: CANARY as number | string,
  typed: '',
};
type Values = typeof EMPTY;

function Form({ action, selection, count, onClose, onStarted }: Props & { action: BulkAction }) {
  const { t } = useTranslation(['credentials', 'common']);
  const format = useFormat();
  const bulk = useBulk();
  // One dialog is one wish, however often its button is pressed.
  const [key] = useState(idempotencyKey);
  const { form, problem, otherFields, busy, submit } = useProblemForm<Values>({ initialValues: EMPTY });
  const danger = action === 'delete';
  const toType = danger && (count.count > MANY || count.more) ? String(count.count) : null;
  const values = form.getValues();

  return (
    <form
      autoComplete="off"
      onSubmit={submit(async (chosen) => {
        const job = await bulk.mutateAsync({ selection, action: actionOf(action, chosen), key });
        onClose();
        onStarted(job.id);
      })}
    >
      <Stack gap="md">
        <List size="sm" spacing={4}>
          <List.Item>{t(`bulkWhat.${action}`, { count: count.count, many: format.count(count) })}</List.Item>
          {action === 'delete' ? <List.Item>{t('delete.undo')}</List.Item> : null}
          {'filter' in selection ? <List.Item>{t('bulkFrozen')}</List.Item> : null}
        </List>
        {action === 'refresh' ? (
          <Group gap="sm" align="flex-end" wrap="nowrap">
            <Checkbox
              label={t('canary.label')}
              description={t('canary.help')}
              {...form.getInputProps('first', { type: 'checkbox' })}
            />
            <NumberInput
              aria-label={t('canary.count')}
              w={90}
              flex="none"
              min={1}
              max={1000}
              allowDecimal={false}
              disabled={!values.first}
              {...form.getInputProps('canary')}
            />
          </Group>
        ) : null}
        {action === 'tag' ? (
          <TextInput
            label={t('column.tag')}
            description={t('bulkEmpty.tag')}
            data-autofocus
            {...form.getInputProps('tag')}
          />
        ) : null}
        {action === 'memo' ? (
          <Textarea
            label={t('column.memo')}
            description={t('bulkEmpty.memo')}
            autosize
            minRows={2}
            data-autofocus
            {...form.getInputProps('memo')}
          />
        ) : null}
        {action === 'client_id' ? (
          <ClientIdPicker
            label={t('column.client_id')}
            description={t('bulkEmpty.client_id')}
            value={values.client_id}
            onChange={(value) => form.setFieldValue('client_id', value)}
          />
        ) : null}
        {action === 'proxy' ? (
          <ProxyPicker
            label={t('column.proxy')}
            value={values.proxy}
            onChange={(value) => form.setFieldValue('proxy', value)}
          />
        ) : null}
        {toType === null ? null : (
          <TextInput
            label={t('common:confirm.type', { text: toType })}
            data-autofocus
            {...form.getInputProps('typed')}
          />
        )}
        <ProblemAlert problem={problem} fields={otherFields} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button
            type="submit"
            loading={busy}
            disabled={toType !== null && values.typed.trim() !== toType}
            {...(danger ? { color: 'red.9', leftSection: <IconWarning size={16} aria-hidden /> } : {})}
          >
            {t(`bulk.${action}`)}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What the form says, as the server takes it; what is empty takes a value away. */
function actionOf(type: BulkAction, values: Values): Schemas['BulkAction'] {
  const text = (value: string) => (value.trim() === '' ? null : value.trim());
  switch (type) {
    case 'refresh':
      return { type, canary: values.first ? Number(values.canary) || CANARY : null };
    case 'tag':
      return { type, tag: text(values.tag) };
    case 'memo':
      return { type, memo: text(values.memo) };
    case 'client_id':
      return { type, client_id: text(values.client_id) };
    case 'proxy':
      return { type, ...proxyFields(values.proxy) };
    default:
      return { type };
  }
}
