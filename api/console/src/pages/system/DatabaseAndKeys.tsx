import { Skeleton, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { KeyValue, LoadProblem, Pill, RelativeTime } from '~/components';
import { ConfirmKeyBackup, systemQuery } from '~/layout';
import { SEVERITIES } from '~/theme/states';
import classes from './system.module.css';

/** About as high as what comes, so that nothing moves. */
const HEIGHT = 190;

/** What the installation stands on: the database and its schema, the queue, and the sealing keys. */
export function DatabaseAndKeys() {
  const { t } = useTranslation('system');
  const system = useQuery(systemQuery);
  if (!system.data)
    return system.error ? (
      <LoadProblem problem={system.error} shown={false} retry={() => void system.refetch()} />
    ) : (
      <Skeleton h={HEIGHT} />
    );
  const { database, queue, sealing_keys: sealing } = system.data;
  const newest = database.migrations.at(-1);
  const backup =
    sealing.origin === 'configuration'
      ? 'database.backupYours'
      : sealing.backup_unconfirmed
        ? 'database.backupMissing'
        : 'database.backupDone';
  return (
    <>
      <KeyValue
        items={[
          [t('database.kind'), `${t(`database.kinds.${database.kind as 'sqlite'}`)} ${database.engine}`],
          [
            t('database.schema'),
            <span key="schema">
              {database.schema}
              {newest ? (
                <>
                  {' '}
                  · <RelativeTime at={newest.applied_at} />
                </>
              ) : null}
            </span>,
          ],
          [t('database.queue'), t(`database.queues.${queue}`)],
          [t('database.keys'), t(`database.origins.${sealing.origin}`)],
          ...sealing.keys.map(
            ({ id, since }) =>
              [
                t('database.key', { id }),
                <span key={id}>
                  {t(id === sealing.active ? 'database.active' : 'database.older')} ·{' '}
                  <RelativeTime at={since} />
                </span>,
              ] as const,
          ),
          [
            t('database.backup'),
            <span key="backup">
              <Pill look={sealing.backup_unconfirmed ? SEVERITIES.warning : SEVERITIES.ok} plain>
                {t(backup)}
              </Pill>{' '}
              {sealing.backup_unconfirmed ? <ConfirmKeyBackup /> : null}
            </span>,
          ],
        ]}
      />
      <details className={classes.steps}>
        <summary>{t('database.migrations', { count: database.migrations.length })}</summary>
        <Table>
          <Table.Tbody>
            {database.migrations.map(({ version, description, applied_at }) => (
              <Table.Tr key={version}>
                <Table.Td ta="right">{version}</Table.Td>
                <Table.Td>{description}</Table.Td>
                <Table.Td>
                  <RelativeTime at={applied_at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </>
  );
}
