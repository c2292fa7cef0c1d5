import { PasswordInput, Select, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { proxiesQuery } from './query';

export type ProxyChoice =
  { kind: 'keep' } | { kind: 'default' } | { kind: 'named'; id: string } | { kind: 'own'; url: string };

export const DEFAULT_PROXY: ProxyChoice = { kind: 'default' };

/** A choice as the API takes it; what is kept is not sent, and `proxy: null` takes one away. */
export function proxyFields(choice: ProxyChoice): { proxy?: string | null; proxy_id?: string } {
  switch (choice.kind) {
    case 'keep':
      return {};
    case 'default':
      return { proxy: null };
    case 'named':
      return { proxy_id: choice.id };
    case 'own':
      return { proxy: choice.url.trim() };
  }
}

interface Props {
  label: string;
  description?: string;
  value: ProxyChoice;
  onChange: (choice: ProxyChoice) => void;
  /** What is there already and cannot be told again, as the server shows it: a proxy's URL is a secret. */
  keep?: string | undefined;
  error?: ReactNode;
}

/** The way out: the configuration's, one that has a name, or a URL. */
export function ProxyPicker({ label, description, value, onChange, keep, error }: Props) {
  const { t } = useTranslation();
  const proxies = useQuery(proxiesQuery).data ?? [];
  const chosen = value.kind === 'named' ? value.id : value.kind;
  const choose = (next: string | null) => {
    if (next === null) return;
    if (next === 'keep' || next === 'default') onChange({ kind: next });
    else if (next === 'own') onChange({ kind: 'own', url: '' });
    else onChange({ kind: 'named', id: next });
  };
  return (
    <Stack gap={6}>
      <Select
        label={label}
        {...(description === undefined ? {} : { description })}
        value={chosen}
        onChange={choose}
        allowDeselect={false}
        searchable
        {...(value.kind !== 'own' && error !== undefined ? { error } : {})}
        data={[
          ...(keep === undefined ? [] : [{ value: 'keep', label: t('proxy.keep', { proxy: keep }) }]),
          { value: 'default', label: t('proxy.default') },
          ...proxies.map(({ id, name, url }) => ({ value: id, label: `${name} · ${url}` })),
          { value: 'own', label: t('proxy.own') },
        ]}
      />
      {value.kind === 'own' ? (
        <PasswordInput
          label={t('proxy.url')}
          description={t('proxy.urlHelp')}
          required
          autoComplete="off"
          value={value.url}
          onChange={(event) => onChange({ kind: 'own', url: event.currentTarget.value })}
          visibilityToggleButtonProps={{ 'aria-label': t('password.show') }}
          {...(error === undefined ? {} : { error })}
        />
      ) : null}
    </Stack>
  );
}
