import { Anchor, Paper, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { KeyValue, LoadProblem, Pill } from '~/components';
import { useFormat } from '~/format';
import { systemQuery, useStatus } from '~/layout';
import { queueQuery, workersQuery } from '~/pages/jobs/query';
import { Refreshing } from '~/pages/jobs/Refreshing';
import { WorkersTable } from '~/pages/jobs/WorkersTable';
import { SEVERITIES, type Look } from '~/theme/states';
import { DatabaseAndKeys } from './DatabaseAndKeys';
import { Diagnostics } from './Diagnostics';
import { readinessQuery, type Readiness } from './query';
import classes from './system.module.css';

const GOOD = SEVERITIES.ok;
const DEGRADED = SEVERITIES.warning;
const BAD = SEVERITIES.critical;

/** How the installation is: each part, what is wrong with it, and the switches. */
export function SystemTab() {
  const { t } = useTranslation('system');
  return (
    <div className={classes.cards}>
      <Card title={t('ready.title')}>
        <ReadinessChecks />
      </Card>
      <Card title={t('switch.title')}>
        <Refreshing />
        <Text size="sm" c="dimmed" mt="sm">
          {t('switch.help')}{' '}
          <Anchor component={Link} to="/jobs?tab=egresses" inherit underline="always">
            {t('switch.egresses')}
          </Anchor>
        </Text>
      </Card>
      <Card title={t('about.title')}>
        <About />
      </Card>
      <Card title={t('database.title')}>
        <DatabaseAndKeys />
      </Card>
      <Card title={t('queue.title')}>
        <QueueTable />
      </Card>
      <Card title={t('diagnostics.title')}>
        <Diagnostics />
      </Card>
      <Card title={t('workers.title')} wide>
        <WorkersTable />
      </Card>
    </div>
  );
}

function Card({ title, wide = false, children }: { title: string; wide?: boolean; children: ReactNode }) {
  return (
    <Paper component="section" p="md" aria-label={title} className={clsx(classes.card, wide && classes.all)}>
      <Title order={2}>{title}</Title>
      {children}
    </Paper>
  );
}

function readyLook(status: string): Look {
  return status === 'ok' ? GOOD : status === 'degraded' ? DEGRADED : BAD;
}

function ReadinessChecks() {
  const { t, i18n } = useTranslation('system');
  const ready = useQuery(readinessQuery);
  const { status, checks }: Readiness = ready.data ?? { status: '', checks: {} };
  const known = ['ok', 'degraded', 'unavailable'].includes(status);
  const again = () => void ready.refetch();
  if (ready.error && ready.data === undefined)
    return <LoadProblem problem={ready.error} shown={false} retry={again} />;
  return (
    <>
      <LoadProblem problem={ready.error} shown retry={again} />
      <KeyValue
        items={[
          [
            t('ready.whole'),
            known ? (
              <Pill key="whole" look={readyLook(status)}>
                {t(`ready.status.${status as 'ok'}`)}
              </Pill>
            ) : (
              '–'
            ),
          ],
          ...Object.entries(checks).map(
            ([name, said]) =>
              [
                // The keys are open here: checks come from the server.
                i18n.exists(`ready.check.${name}`, { ns: 'system' })
                  ? t(`ready.check.${name}` as 'ready.check.database')
                  : name,
                said === 'ok' ? (
                  <Pill key={name} look={GOOD} plain>
                    <Text span inherit style={{ whiteSpace: 'normal' }}>
                      {t(name === 'database' ? 'ready.schema' : 'ready.ok')}
                    </Text>
                  </Pill>
                ) : (
                  <Pill key={name} look={readyLook(status)} plain>
                    <Text span size="sm" style={{ whiteSpace: 'normal' }}>
                      {said}
                    </Text>
                  </Pill>
                ),
              ] as const,
          ),
        ]}
      />
    </>
  );
}

function About() {
  const { t } = useTranslation('system');
  const format = useFormat();
  const version = useQuery(systemQuery).data?.version;
  const workers = useQuery(workersQuery).data?.items.filter(({ state }) => state === 'alive') ?? [];
  const status = useStatus().data;
  const versions = [...new Set(workers.map((worker) => worker.version))];
  const differ = versions.some((each) => version !== undefined && each !== version);
  const last = status?.last_24_hours;
  return (
    <KeyValue
      items={[
        [t('about.server'), version ?? '–'],
        [
          t('about.workers'),
          versions.length === 0 ? (
            '–'
          ) : differ ? (
            <Pill key="v" look={DEGRADED} plain help={t('about.differHelp')}>
              {versions.join(', ')}
            </Pill>
          ) : (
            versions.join(', ')
          ),
        ],
        [t('about.orphans'), status ? format.count(status.orphans) : '–'],
        [t('about.replayed'), last ? format.count(last.replayed) : '–'],
        [t('about.late'), last ? format.count(last.late) : '–'],
      ]}
    />
  );
}

function QueueTable() {
  const { t } = useTranslation(['system', 'terms']);
  const format = useFormat();
  const queue = useQuery(queueQuery);
  const again = () => void queue.refetch();
  if (queue.error && queue.data === undefined)
    return <LoadProblem problem={queue.error} shown={false} retry={again} />;
  return (
    <>
      <LoadProblem problem={queue.error} shown retry={again} />
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('queue.line')}</Table.Th>
            <Table.Th ta="right">{t('queue.waiting')}</Table.Th>
            <Table.Th ta="right">{t('queue.oldest')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {(queue.data?.lines ?? []).map(({ line, waiting, oldest_wait_seconds: oldest }) => (
            <Table.Tr key={line}>
              <Table.Td>{t(`queue.lines.${line}`)}</Table.Td>
              <Table.Td ta="right">{format.count(waiting)}</Table.Td>
              <Table.Td ta="right">{oldest == null ? '–' : format.duration(oldest)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm" mt="xs" component="div">
        {(queue.data?.lanes ?? []).map(({ lane, depth }) => (
          <div key={lane}>
            {t('queue.pushed', { lane: t(`terms:lane.${lane}`) })}{' '}
            {depth == null ? (
              <Pill look={BAD} plain>
                {t('queue.refuses')}
              </Pill>
            ) : (
              <strong>{format.number(depth)}</strong>
            )}
          </div>
        ))}
      </Text>
    </>
  );
}
