import { SegmentedControl, Skeleton, Table } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/format';
import { IconFailed, IconHealthy } from '~/icons';
import { Card } from './Card';
import classes from './dashboard.module.css';
import type { Hour, Stats } from './query';
import { useHourFormat } from './useHourFormat';

const RefreshChart = lazy(() => import('./RefreshChart'));

/** How refreshes ended in the last day: as a chart, and in figures behind it. */
export function Refreshes({ refreshes }: { refreshes: Stats['refreshes'] | undefined }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const [view, setView] = useState('chart');
  const succeeded = refreshes?.succeeded ?? 0;
  const failed = refreshes?.failed ?? 0;
  const rate = succeeded + failed === 0 ? null : (succeeded / (succeeded + failed)) * 100;
  const summary = t('refreshes.summary', {
    succeeded: format.number(succeeded),
    failed: format.number(failed),
  });
  return (
    <Card
      title={t('refreshes.title')}
      className={classes.wide}
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t('refreshes.view')}
          value={view}
          onChange={setView}
          data={[
            { value: 'chart', label: t('refreshes.chart') },
            { value: 'table', label: t('refreshes.table') },
          ]}
        />
      }
    >
      <div className={classes.legend}>
        <span className={classes.swatch} style={{ color: 'var(--rtm-ok-fg)' }}>
          <IconHealthy size={16} aria-hidden />
          {t('refreshes.succeeded')} <strong>{refreshes ? format.number(succeeded) : '–'}</strong>
        </span>
        <span className={classes.swatch} style={{ color: 'var(--rtm-bad-fg)' }}>
          <IconFailed size={16} aria-hidden />
          {t('refreshes.failed')} <strong>{refreshes ? format.number(failed) : '–'}</strong>
        </span>
        <span className={classes.muted}>
          {/* Rounded down: 100 % means that nothing failed. */}
          {rate === null ? '' : t('refreshes.rate', { n: format.number(Math.floor(rate * 10) / 10) })}
        </span>
      </div>
      {view === 'table' ? (
        <Hours hours={refreshes?.by_hour ?? []} />
      ) : (
        <div className={classes.chart} role="img" aria-label={summary}>
          {refreshes ? (
            <Suspense fallback={<Skeleton h="100%" />}>
              <RefreshChart
                hours={refreshes.by_hour}
                succeeded={t('refreshes.succeeded')}
                failed={t('refreshes.failed')}
              />
            </Suspense>
          ) : (
            <Skeleton h="100%" />
          )}
        </div>
      )}
    </Card>
  );
}

function Hours({ hours }: { hours: readonly Hour[] }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const hour = useHourFormat();
  return (
    // It scrolls, so the keyboard must reach it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={classes.table} tabIndex={0} role="group" aria-label={t('refreshes.title')}>
      <Table stickyHeader horizontalSpacing="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t('refreshes.hour')}</Table.Th>
            <Table.Th ta="right">{t('refreshes.succeeded')}</Table.Th>
            <Table.Th ta="right">{t('refreshes.failed')}</Table.Th>
            <Table.Th ta="right">{t('refreshes.duration')}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {[...hours].reverse().map((each) => (
            <Table.Tr key={each.hour}>
              <Table.Td>{hour.long(each.hour)}</Table.Td>
              <Table.Td ta="right">{format.number(each.succeeded)}</Table.Td>
              <Table.Td
                ta="right"
                {...(each.failed > 0 ? { c: 'var(--rtm-bad-fg)', fw: 600 } : { c: 'dimmed' })}
              >
                {format.number(each.failed)}
              </Table.Td>
              <Table.Td ta="right" c="dimmed">
                {each.mean_duration_ms == null ? '–' : format.milliseconds(each.mean_duration_ms)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
