import { Autocomplete, Button, Group, Popover, Select, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FilterBar, useActionText, type TableUrl } from '~/components';
import { IconDown, IconHistory } from '~/icons';
import { ACTIONS, PERIODS, TARGET_KINDS, type AuditFilterName, type Period } from './auditFilters';
import { usersQuery } from './query';
import classes from './system.module.css';

/** What the log is narrowed by. Names and ids are found in full only, so they are asked for when they are complete. */
export function AuditFilterBar({ url }: { url: TableUrl<AuditFilterName> }) {
  const { t } = useTranslation('system');
  const action = useActionText();
  const users = useQuery(usersQuery).data?.items ?? [];
  const { filters, set } = url;
  return (
    <FilterBar
      filters={[
        {
          name: 'action',
          label: t('audit.action'),
          multiple: true,
          options: ACTIONS.map((name) => ({ value: name, label: action(name) })),
        },
        {
          name: 'period',
          label: t('audit.period'),
          options: (Object.keys(PERIODS) as Period[]).map((value) => ({
            value,
            label: t(`audit.periods.${value}`),
          })),
        },
      ]}
      values={filters}
      onChange={(name, value) =>
        set({
          [name as AuditFilterName]: value,
          ...(name === 'period' ? { since: null, until: null } : {}),
        })
      }
      onClear={url.clear}
      active={url.active}
    >
      <div data-filter>
        <Times url={url} />
      </div>
      <div data-filter>
        <Committed
          key={`actor ${filters.actor ?? ''}`}
          value={filters.actor ?? ''}
          label={t('audit.actor')}
          suggestions={[...new Set(users.map(({ username }) => username))]}
          onCommit={(actor) => set({ actor })}
        />
      </div>
      <div data-filter>
        <Group gap={4} wrap="nowrap">
          <Select
            aria-label={t('audit.targetKind')}
            placeholder={t('audit.targetKind')}
            size="xs"
            w={128}
            clearable
            data={TARGET_KINDS.map((value) => ({ value, label: t(`target.${value}`) }))}
            value={filters.target_kind ?? null}
            onChange={(target_kind) => set({ target_kind })}
          />
          <Committed
            key={`target ${filters.target ?? ''}`}
            value={filters.target ?? ''}
            label={t('audit.targetId')}
            suggestions={[]}
            onCommit={(target) => set({ target })}
          />
        </Group>
      </div>
    </FilterBar>
  );
}

interface CommittedProps {
  value: string;
  label: string;
  suggestions: readonly string[];
  onCommit: (value: string | null) => void;
}

/** A text that counts when it is complete: by Enter, by choosing, or by leaving the field. */
function Committed({ value, label, suggestions, onCommit }: CommittedProps) {
  const [text, setText] = useState(value);
  const commit = (next: string) => {
    const trimmed = next.trim();
    if (trimmed !== value) onCommit(trimmed === '' ? null : trimmed);
  };
  return (
    <Autocomplete
      aria-label={label}
      placeholder={label}
      size="xs"
      w={160}
      maxLength={255}
      autoComplete="off"
      spellCheck={false}
      data={[...suggestions]}
      limit={20}
      value={text}
      onChange={setText}
      onOptionSubmit={commit}
      onBlur={() => commit(text)}
      onKeyDown={(event) => event.key === 'Enter' && commit(text)}
    />
  );
}

function Times({ url: { filters, set } }: { url: TableUrl<AuditFilterName> }) {
  const { t } = useTranslation(['system', 'common']);
  const chosen = [filters.since, filters.until].some(Boolean);
  return (
    <Popover position="bottom-start" shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <Button
          size="xs"
          variant={chosen ? 'light' : 'default'}
          leftSection={<IconHistory size={15} aria-hidden />}
          rightSection={<IconDown size={14} aria-hidden />}
        >
          {chosen
            ? `${filters.since?.replace('T', ' ') ?? '…'} – ${filters.until?.replace('T', ' ') ?? '…'}`
            : t('audit.times')}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={t('audit.times')}>
        <Stack gap="sm" className={classes.times ?? ''}>
          <TextInput
            type="datetime-local"
            label={t('audit.since')}
            defaultValue={filters.since ?? ''}
            onBlur={(event) => {
              const since = event.currentTarget.value || null;
              if (since !== (filters.since ?? null)) set({ since, period: null });
            }}
          />
          <TextInput
            type="datetime-local"
            label={t('audit.until')}
            defaultValue={filters.until ?? ''}
            onBlur={(event) => {
              const until = event.currentTarget.value || null;
              if (until !== (filters.until ?? null)) set({ until });
            }}
          />
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
