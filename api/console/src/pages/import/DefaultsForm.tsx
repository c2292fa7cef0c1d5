import { Checkbox, Fieldset, SimpleGrid, Stack, TextInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { FieldError } from '~/api';
import { useServerText } from '~/components';
import { ClientIdPicker, ProxyPicker } from '~/pickers';
import classes from './DefaultsForm.module.css';
import type { Defaults } from './request';

interface Props {
  value: Defaults;
  onChange: (value: Defaults) => void;
  errors: readonly FieldError[];
  disabled: boolean;
}

/** What holds for rows that say nothing themselves. */
export function DefaultsForm({ value, onChange, errors, disabled }: Props) {
  const { t } = useTranslation('imports');
  const set = (change: Partial<Defaults>) => onChange({ ...value, ...change });
  const serverText = useServerText();
  const error = (...fields: readonly string[]) => {
    const found = errors.find(({ field }) => fields.includes(field));
    return found && serverText(found.message);
  };
  return (
    <Fieldset legend={t('defaults.title')} disabled={disabled} className={classes.defaults ?? ''}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <TextInput
          label={t('defaults.tag')}
          description={t('defaults.tagHelp')}
          value={value.tag}
          onChange={(event) => set({ tag: event.currentTarget.value })}
          error={error('tag')}
        />
        <ProxyPicker
          label={t('defaults.proxy')}
          description={t('defaults.proxyHelp')}
          value={value.proxy}
          onChange={(proxy) => set({ proxy })}
          error={error('proxy', 'proxy_id')}
        />
        <ClientIdPicker
          label={t('defaults.client_id')}
          description={t('defaults.client_idHelp')}
          value={value.client_id}
          onChange={(client_id) => set({ client_id })}
          error={error('client_id')}
        />
        <TextInput
          label={t('defaults.biz_id_prefix')}
          description={t('defaults.biz_id_prefixHelp')}
          placeholder="rt_"
          value={value.biz_id_prefix}
          onChange={(event) => set({ biz_id_prefix: event.currentTarget.value })}
          error={error('biz_id_prefix')}
        />
      </SimpleGrid>
      <Stack gap="xs" mt="sm">
        {(['enabled', 'refresh_now', 'replace'] as const).map((name) => (
          <Checkbox
            key={name}
            label={t(`defaults.${name}`)}
            description={t(`defaults.${name}Help`)}
            checked={value[name]}
            onChange={(event) => set({ [name]: event.currentTarget.checked })}
          />
        ))}
      </Stack>
    </Fieldset>
  );
}
