import { Button, Checkbox, Group, Modal, PasswordInput, Stack, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, unwrap, type Schemas } from '~/api';
import { notify, ProblemAlert, useCloseLabel, useProblemForm } from '~/components';
import { ClientIdPicker, DEFAULT_PROXY, proxyFields, ProxyPicker } from '~/pickers';

const EMPTY = {
  refresh_token: '',
  biz_id: '',
  client_id: '',
  proxy: DEFAULT_PROXY,
  tag: '',
  memo: '',
  enabled: true,
};
type Values = typeof EMPTY;

/** What is empty is left to the server's defaults. */
function body({ refresh_token, enabled, proxy, ...texts }: Values): Schemas['Create'] {
  const given = Object.entries(texts).filter(([, value]) => value.trim() !== '');
  return {
    refresh_token: refresh_token.trim(),
    enabled,
    ...Object.fromEntries(given),
    ...proxyFields(proxy),
  };
}

export function CreateDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('credentials');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('create.title')}
      size="lg"
      closeButtonProps={useCloseLabel()}
    >
      {opened ? <Form onClose={onClose} /> : null}
    </Modal>
  );
}

function Form({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(['credentials', 'common']);
  const client = useQueryClient();
  const { form, problem, otherFields, busy, submit } = useProblemForm<Values>({ initialValues: EMPTY });
  const { client_id, proxy } = form.getValues();

  const create = async (values: Values) => {
    const created = await unwrap(api.POST('/api/v1/credentials', { body: body(values) }));
    notify.done(t('done.created', { name: created.biz_id }));
    onClose();
    await Promise.all([
      client.invalidateQueries({ queryKey: ['credentials'] }),
      client.invalidateQueries({ queryKey: ['facets'] }),
    ]);
  };

  return (
    <form onSubmit={submit(create)} autoComplete="off">
      <Stack gap="sm">
        <PasswordInput
          label={t('create.refresh_token')}
          description={t('create.refresh_tokenHelp')}
          required
          data-autofocus
          autoComplete="off"
          visibilityToggleButtonProps={{ 'aria-label': t('common:password.show') }}
          {...form.getInputProps('refresh_token')}
        />
        <Group grow align="flex-end" gap="sm">
          <TextInput
            label={t('create.biz_id')}
            description={t('create.biz_idHelp')}
            {...form.getInputProps('biz_id')}
          />
          <TextInput label={t('create.tag')} {...form.getInputProps('tag')} />
        </Group>
        <ClientIdPicker
          label={t('create.client_id')}
          description={t('create.client_idHelp')}
          value={client_id}
          onChange={(value) => form.setFieldValue('client_id', value)}
          error={form.errors.client_id}
        />
        <ProxyPicker
          label={t('create.proxy')}
          value={proxy}
          onChange={(value) => form.setFieldValue('proxy', value)}
          error={form.errors.proxy}
        />
        <Textarea label={t('create.memo')} autosize minRows={2} {...form.getInputProps('memo')} />
        <Checkbox label={t('create.enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
        <ProblemAlert problem={problem} fields={otherFields} />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('create.submit')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
