import { Autocomplete } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clientIdsQuery } from './query';

interface Props {
  label: string;
  description?: string;
  /** Empty: that of the configuration. */
  value: string;
  onChange: (value: string) => void;
  error?: ReactNode;
}

/** A client id, with those offered that have names. */
export function ClientIdPicker({ label, description, value, onChange, error }: Props) {
  const { t } = useTranslation();
  const known = useQuery(clientIdsQuery).data ?? [];
  const name = known.find(({ client_id }) => client_id === value)?.name;
  return (
    <Autocomplete
      label={label}
      description={name === undefined ? description : `${description ?? ''} ${name}`.trim()}
      placeholder={t('clientId.default')}
      value={value}
      onChange={onChange}
      data={known.map(({ client_id }) => client_id)}
      renderOption={({ option }) => {
        const found = known.find(({ client_id }) => client_id === option.value);
        return `${option.value}${found ? ` · ${found.name}` : ''}`;
      }}
      autoComplete="off"
      spellCheck={false}
      {...(error === undefined ? {} : { error })}
    />
  );
}
