import { Paper, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { ProblemAlert } from '~/components';
import { useFormat } from '~/format';
import { IconAdd, IconCancelled, IconDead, IconEdit, IconFailed, IconUnknown, IconWarning } from '~/icons';
import type { Job } from '~/jobs';
import type { Look } from '~/theme/states';
import { codeCountsQuery, type CodeCounts } from './codeCounts';

type Verdict = 'created' | 'updated' | 'duplicate' | 'spent' | 'needs_replace' | 'invalid' | 'other';

const LOOKS: Record<Verdict, Look> = {
  created: { tone: 'ok', Icon: IconAdd },
  updated: { tone: 'active', Icon: IconEdit },
  duplicate: { tone: 'off', Icon: IconCancelled },
  spent: { tone: 'bad', Icon: IconDead },
  needs_replace: { tone: 'doubt', Icon: IconWarning },
  invalid: { tone: 'bad', Icon: IconUnknown },
  other: { tone: 'bad', Icon: IconFailed },
};
const VERDICTS = Object.keys(LOOKS) as readonly Verdict[];

/** What is counted under no name of its own goes together. */
export function verdicts(codes: CodeCounts): Record<Verdict, number> {
  const counts = Object.fromEntries(VERDICTS.map((name) => [name, 0])) as Record<Verdict, number>;
  for (const [code, count = 0] of Object.entries(codes))
    counts[code in LOOKS ? (code as Verdict) : 'other'] += count;
  return counts;
}

/** How many rows came to which end, in the same places for a dry run and for the import itself. */
export function Verdicts({ job }: { job: Job }) {
  const { t } = useTranslation('imports');
  const format = useFormat();
  const codes = useQuery(codeCountsQuery(job));
  const counts = codes.data === undefined ? null : verdicts(codes.data);
  if (codes.error) return <ProblemAlert problem={codes.error} retry={() => void codes.refetch()} />;
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, md: 4, lg: 7 }} spacing="xs" aria-busy={counts === null}>
      {VERDICTS.map((name) => {
        const { tone, Icon } = LOOKS[name];
        const count = counts?.[name] ?? 0;
        const color = count > 0 ? `var(--rtm-${tone}-fg)` : 'var(--rtm-muted)';
        return (
          <Paper key={name} p="sm" title={t(`verdictHelp.${name}`)}>
            <Text size="xs" c={color} style={{ display: 'flex', alignItems: 'center', gap: 4 }}>
              <Icon size={15} aria-hidden /> {t(`verdict.${name}`)}
            </Text>
            <Text fw={650} size="xl" c={color}>
              {counts === null ? '–' : format.number(count)}
            </Text>
          </Paper>
        );
      })}
    </SimpleGrid>
  );
}
