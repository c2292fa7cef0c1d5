import {
  Button,
  Checkbox,
  Group,
  Input,
  Modal,
  NumberInput,
  Radio,
  Select,
  Stack,
  Switch,
  TagsInput,
  Textarea,
  TextInput,
} from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { api, unwrap, type Schemas } from '~/api';
import { notify, ProblemAlert, useCloseLabel, useProblemForm, useServerText } from '~/components';
import { inSeconds, useFormat } from '~/format';
import { keys } from '~/query';
import { bodyOf, EXPIRIES, linesOf, MOST_VALUES, valuesOf, type KeyValues } from './keyForm';
import { REACH_KINDS, SCOPES, tagsQuery, type Key } from './query';

interface Props {
  opened: boolean;
  onClose: () => void;
  /** The one that is edited; none: a new one. */
  apiKey: Key | undefined;
  /** There is a new key, and its secret is to be shown. */
  onCreated: (created: Schemas['CreatedKey']) => void;
}

/** Makes a key, or changes one. */
export function KeyDialog({ opened, onClose, apiKey, onCreated }: Props) {
  const { t } = useTranslation('api');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={apiKey ? t('keys.editTitle', { name: apiKey.name }) : t('keys.createTitle')}
      closeButtonProps={useCloseLabel()}
    >
      {opened ? <Form onClose={onClose} apiKey={apiKey} onCreated={onCreated} /> : null}
    </Modal>
  );
}

function Form({ onClose, apiKey, onCreated }: Omit<Props, 'opened'>) {
  const { t } = useTranslation(['api', 'common']);
  const client = useQueryClient();
  const { form, problem, otherFields, busy, submit } = useProblemForm<KeyValues>({
    initialValues: valuesOf(apiKey),
    validate: {
      // Reading refresh tokens alone opens no call.
      scopes: (scopes) => (scopes.every((scope) => scope === 'read_rt') ? t('keys.needScope') : null),
    },
  });
  const serverText = useServerText();
  const ofReach = otherFields.find(({ field }) => field === 'reach.values');

  const save = async (values: KeyValues) => {
    const body = bodyOf(values, inSeconds(0));
    if (apiKey === undefined) {
      const created = await unwrap(api.POST('/api/v1/keys', { body }));
      onCreated(created);
    } else {
      await api.PATCH('/api/v1/keys/{id}', { params: { path: { id: apiKey.id } }, body });
      notify.done(t('keys.saved', { name: values.name }));
      onClose();
    }
    await client.invalidateQueries({ queryKey: keys.apiKeys() });
  };

  return (
    <form onSubmit={submit(save)} autoComplete="off">
      <Stack gap="md">
        <TextInput
          label={t('keys.name')}
          description={t('keys.nameHelp')}
          required
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
        />
        <Checkbox.Group
          label={t('keys.scopes')}
          description={t('keys.scopesHelp')}
          {...form.getInputProps('scopes')}
        >
          <Stack gap="xs" mt={6}>
            {SCOPES.map((scope) => (
              <Checkbox
                key={scope}
                size="sm"
                value={scope}
                label={t(`keys.scope.${scope}`)}
                description={t(`keys.scopeHelp.${scope}`)}
              />
            ))}
          </Stack>
        </Checkbox.Group>
        <ReachFields form={form} error={ofReach && serverText(ofReach.message)} />
        <ExpiryFields form={form} apiKey={apiKey} />
        <NumberInput
          label={t('keys.rateLabel')}
          description={t('keys.rateHelp')}
          placeholder={t('keys.noRate')}
          maw={260}
          min={1}
          max={1_000_000}
          clampBehavior="none"
          allowDecimal={false}
          allowNegative={false}
          thousandSeparator=","
          {...form.getInputProps('rate_limit_per_minute')}
        />
        <Switch label={t('keys.enabled')} {...form.getInputProps('enabled', { type: 'checkbox' })} />
        <ProblemAlert
          problem={ofReach && otherFields.length === 1 ? null : problem}
          fields={otherFields.filter((field) => field !== ofReach)}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t(apiKey ? 'common:action.save' : 'keys.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type KeyForm = UseFormReturnType<KeyValues>;

function ReachFields({ form, error }: { form: KeyForm; error: string | undefined }) {
  const { t } = useTranslation('api');
  const { kind, biz_ids } = form.values;
  const tags = useQuery({ ...tagsQuery, enabled: kind === 'tags' });
  const count = linesOf(biz_ids).length;
  return (
    <Stack gap="xs">
      <Radio.Group label={t('keys.reach')} {...form.getInputProps('kind')}>
        <Stack gap="xs" mt={6}>
          {REACH_KINDS.map((name) => (
            <Radio
              key={name}
              size="sm"
              value={name}
              label={t(`keys.reachKind.${name}`)}
              description={t(`keys.reachHelp.${name}`)}
            />
          ))}
        </Stack>
      </Radio.Group>
      {kind === 'tags' ? (
        <TagsInput
          label={t('keys.tagsLabel')}
          description={t('keys.tagsHelp')}
          data={tags.data ?? []}
          maxTags={MOST_VALUES}
          required
          {...form.getInputProps('tags')}
          error={error}
        />
      ) : null}
      {kind === 'biz_ids' ? (
        <Textarea
          label={t('keys.bizIdsLabel')}
          description={t('keys.bizIdsHelp')}
          autosize
          minRows={3}
          maxRows={10}
          required
          spellCheck={false}
          {...form.getInputProps('biz_ids')}
          error={error ?? (count > MOST_VALUES ? t('keys.bizIdsCount', { count }) : null)}
          inputWrapperOrder={['label', 'description', 'input', 'error']}
        />
      ) : null}
      {kind === 'biz_ids' && count > 0 ? (
        <Input.Description role="status">{t('keys.bizIdsCount', { count })}</Input.Description>
      ) : null}
    </Stack>
  );
}

function ExpiryFields({ form, apiKey }: { form: KeyForm; apiKey: Key | undefined }) {
  const { t } = useTranslation('api');
  const format = useFormat();
  const expires = apiKey?.expires_at;
  const data = [
    ...(expires == null
      ? []
      : [{ value: 'keep', label: t('keys.expiry.keep', { at: format.dateTime(expires) }) }]),
    ...EXPIRIES.map((value) => ({ value, label: t(`keys.expiry.${value}`) })),
  ];
  const custom = form.values.expiry === 'custom';
  // An error of the server stands at the time, or at the choice where there is no time.
  const { error } = form.getInputProps('expires_at') as { error?: ReactNode };
  return (
    <Group gap="sm" align="flex-start">
      <Select
        label={t('keys.expiry.label')}
        data={data}
        allowDeselect={false}
        w={260}
        {...form.getInputProps('expiry')}
        {...(custom ? {} : { error })}
      />
      {custom ? (
        <TextInput
          type="datetime-local"
          label={t('keys.expiry.at')}
          required
          w={240}
          {...form.getInputProps('expires_at')}
        />
      ) : null}
    </Group>
  );
}
