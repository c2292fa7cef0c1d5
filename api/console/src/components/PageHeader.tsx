import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** One line below. */
  lead?: ReactNode;
  /** Stands above the title, such as the way back. */
  back?: ReactNode;
  /** What can be done with the whole page; the most important one last. */
  actions?: ReactNode;
}

/** The head of every page; names the tab of the browser as well. */
export function PageHeader({ title, lead, back, actions }: Props) {
  return (
    <Stack gap={2} mb="md">
      <title>{`${title} · rt-manage`}</title>
      {back}
      <Group justify="space-between" align="center" gap="xs">
        <Title order={1}>{title}</Title>
        {actions ? <Group gap="xs">{actions}</Group> : null}
      </Group>
      {lead ? (
        <Text c="dimmed" size="sm" component="div">
          {lead}
        </Text>
      ) : null}
    </Stack>
  );
}
