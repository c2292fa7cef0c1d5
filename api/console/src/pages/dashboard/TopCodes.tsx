import { Code, Table } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { EmptyState, Pill, useCodeText } from '~/components';
import { useFormat } from '~/format';
import { OUTCOMES } from '~/theme/states';
import { Card } from './Card';
import classes from './dashboard.module.css';
import type { Stats } from './query';

/** What refreshes failed of, the most frequent first. */
export function TopCodes({ refreshes }: { refreshes: Stats['refreshes'] | undefined }) {
  const { t } = useTranslation(['dashboard', 'terms']);
  const format = useFormat();
  const meaning = useCodeText();
  const codes = refreshes?.top_codes ?? [];
  return (
    <Card title={t('codes.title')} className={classes.all}>
      {codes.length === 0 ? (
        <div style={{ minHeight: '6rem' }}>
          {refreshes ? <EmptyState kind="nothing" title={t('codes.none')} /> : null}
        </div>
      ) : (
        <Table horizontalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('codes.code')}</Table.Th>
              <Table.Th>{t('codes.outcome')}</Table.Th>
              <Table.Th ta="right">{t('codes.count')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {codes.map(({ code, outcome, count }) => (
              <Table.Tr key={`${code} ${outcome}`}>
                <Table.Td>
                  <div className={classes.code}>
                    <Code>{code}</Code>
                    <span>{meaning(code) ?? t('codes.unknown')}</span>
                  </div>
                </Table.Td>
                <Table.Td>
                  <Pill look={OUTCOMES[outcome]}>{t(`terms:outcome.${outcome}`)}</Pill>
                </Table.Td>
                <Table.Td ta="right" fw={600}>
                  {format.number(count)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Card>
  );
}
