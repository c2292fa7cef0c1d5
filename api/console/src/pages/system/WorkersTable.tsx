import { Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { EmptyState, Pill, ProblemAlert, RelativeTime } from '~/components';
import { useFormat } from '~/format';
import { IconCritical, IconHealthy, IconWarning } from '~/icons';
import { WORKER_STATES } from '~/theme/states';
import { workersQuery } from '~/pages/jobs/query';
import classes from './system.module.css';

/** The workers with how their journals are: what a crash would be recovered from. */
export function WorkersTable() {
  const { t } = useTranslation(['system', 'terms']);
  const workers = useQuery(workersQuery);
  if (workers.error) return <ProblemAlert problem={workers.error} retry={() => void workers.refetch()} />;
  const items = workers.data?.items;
  if (items?.length === 0)
    return <EmptyState kind="nothing" title={t('terms:finding.no_worker')} text={t('workers.noneHelp')} />;
  return (
    /* It scrolls, so the keyboard must reach it. */
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes.scroll} tabIndex={0} role="group" aria-label={t('workers.title')}>
      <Table miw={680}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('workers.host')}</Table.Th>
            <Table.Th>{t('workers.state')}</Table.Th>
            <Table.Th>{t('workers.version')}</Table.Th>
            <Table.Th>{t('workers.heartbeat')}</Table.Th>
            <Table.Th>{t('workers.journal')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(items ?? []).map((worker) => (
            <Table.Tr key={worker.id}>
              <Table.Td>{worker.host}</Table.Td>
              <Table.Td>
                <Pill look={WORKER_STATES[worker.state]}>{t(`terms:workerState.${worker.state}`)}</Pill>
                {worker.not_claiming ? (
                  <Text size="xs" c="var(--rtm-doubt-fg)">
                    {worker.not_claiming}
                  </Text>
                ) : null}
              </Table.Td>
              <Table.Td>{worker.version}</Table.Td>
              <Table.Td>
                <RelativeTime at={worker.heartbeat_at} />
              </Table.Td>
              <Table.Td>
                <Journal journal={worker.journal} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Journal({ journal }: { journal: Schemas['WorkerJournal'] }) {
  const { t } = useTranslation('system');
  const format = useFormat();
  const { failure, damaged_places: damaged, unreadable_answers: unreadable } = journal;
  if (failure == null && damaged === 0 && unreadable === 0)
    return (
      <Pill look={{ tone: 'ok', Icon: IconHealthy }} plain>
        {t('workers.journalOk')}
      </Pill>
    );
  return (
    <>
      {failure == null ? null : (
        <div>
          <Pill look={{ tone: 'bad', Icon: IconCritical }} plain help={t('workers.journalFailedHelp')}>
            {failure}
          </Pill>
        </div>
      )}
      {unreadable > 0 ? (
        <div>
          <Pill look={{ tone: 'bad', Icon: IconCritical }} plain help={t('workers.unreadableHelp')}>
            {t('workers.unreadable', { count: unreadable, n: format.number(unreadable) })}
          </Pill>
        </div>
      ) : null}
      {damaged > 0 ? (
        <div>
          <Pill look={{ tone: 'doubt', Icon: IconWarning }} plain help={t('workers.damagedHelp')}>
            {t('workers.damaged', { count: damaged, n: format.number(damaged) })}
          </Pill>
        </div>
      ) : null}
    </>
  );
}
