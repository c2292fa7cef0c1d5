import { Center, Group, Stack, Text, ThemeIcon } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { IconEmpty, IconNoMatch } from '~/icons';

interface Props {
  /** `nothing`: there is nothing yet; `noMatch`: there is something, but the filters hide it. */
  kind: 'nothing' | 'noMatch';
  title?: string;
  text?: string;
  /** The way on: make the first one, or clear the filters. */
  actions?: ReactNode;
}

/** What stands where a list is empty. The two kinds differ, because what helps differs. */
export function EmptyState({ kind, title, text, actions }: Props) {
  const { t } = useTranslation();
  const Icon = kind === 'nothing' ? IconEmpty : IconNoMatch;
  return (
    <Center mih={220} p="md">
      <Stack align="center" gap="xs" maw={440}>
        <ThemeIcon variant="light" size={48} radius="xl" color={kind === 'nothing' ? 'sea' : 'gray'}>
          <Icon size={24} aria-hidden />
        </ThemeIcon>
        <Text fw={600} c="var(--rtm-text)" ta="center">
          {title ?? t(kind === 'nothing' ? 'empty.nothing' : 'empty.noMatch')}
        </Text>
        {(text ?? kind === 'noMatch') ? (
          <Text c="dimmed" size="sm" ta="center">
            {text ?? t('empty.noMatchHelp')}
          </Text>
        ) : null}
        {actions ? (
          <Group gap="xs" mt={4} justify="center">
            {actions}
          </Group>
        ) : null}
      </Stack>
    </Center>
  );
}
