import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { Pill } from '~/components';
import { useFormat } from '~/format';
import { IconWarning } from '~/icons';
import { WORKER_STATES } from '~/theme/states';
import { Card } from './Card';
import classes from './dashboard.module.css';
import type { Stats } from './query';
import { TextLink } from './TextLink';

function Number({ children, bad = false }: { children: ReactNode; bad?: boolean }) {
  return (
    <span
      className={clsx(classes.number, (children === '0' || children === '–') && classes.zero)}
      {...(bad ? { style: { color: 'var(--rtm-doubt-fg)' } } : {})}
    >
      {bad ? <IconWarning size={20} aria-hidden /> : null} {children}
    </span>
  );
}

function Pair({ items }: { items: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className={classes.pair} style={{ margin: 0 }}>
      {items.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What is due, and what will not be refreshed in time. */
export function Ahead({ stats }: { stats: Stats | undefined }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const counts = stats?.credentials;
  const shown = (count: number | undefined) => (count === undefined ? '–' : format.number(count));
  const expiring = counts?.expiring_unrefreshed;
  return (
    <>
      <Card title={t('due.title')} className={classes.quarter}>
        <Pair
          items={[
            [t('within1'), <Number key="1">{shown(counts?.due.within_1_hour)}</Number>],
            [t('within24'), <Number key="24">{shown(counts?.due.within_24_hours)}</Number>],
          ]}
        />
        <p className={classes.foot}>{t('due.help')}</p>
      </Card>
      <Card title={t('forecast.title')} className={classes.quarter}>
        <Pair
          items={[
            [
              t('within1'),
              <Number key="1" bad={Boolean(expiring?.within_1_hour)}>
                {shown(expiring?.within_1_hour)}
              </Number>,
            ],
            [
              t('within24'),
              <Number key="24" bad={Boolean(expiring?.within_24_hours)}>
                {shown(expiring?.within_24_hours)}
              </Number>,
            ],
          ]}
        />
        <p className={classes.foot}>
          {t('forecast.help')}{' '}
          <TextLink to="/credentials?expiry=24h&sort=at_expires_at">{t('forecast.list')}</TextLink>
        </p>
      </Card>
    </>
  );
}

/** What waits, in the whole and by line. */
export function QueueTile({
  stats,
  queue,
}: {
  stats: Stats | undefined;
  queue: Schemas['Queue'] | undefined;
}) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const oldest = stats?.queue.oldest_wait_seconds;
  const refuses = queue?.lanes.some(({ depth }) => depth == null) ?? false;
  return (
    <Card
      title={t('queue.title')}
      className={classes.quarter}
      aside={refuses ? <Pill look={WORKER_STATES.vanished}>{t('queue.refuses')}</Pill> : null}
    >
      <Pair
        items={[
          [t('queue.waiting'), <Number key="n">{stats ? format.count(stats.queue.waiting) : '–'}</Number>],
          [
            t('queue.oldest'),
            <Number key="o">{stats ? (oldest == null ? '–' : format.duration(oldest)) : '–'}</Number>,
          ],
        ]}
      />
      <p className={classes.foot}>
        {(queue?.lines ?? [])
          .map(({ line, waiting }) => `${t(`queue.line.${line}`)} ${format.count(waiting)}`)
          .join(' · ')}
      </p>
    </Card>
  );
}

/** Who does the work. */
export function WorkersTile({
  stats,
  workers,
}: {
  stats: Stats | undefined;
  workers: Schemas['Workers'] | undefined;
}) {
  const { t } = useTranslation(['dashboard', 'terms']);
  const format = useFormat();
  const alive = workers?.items.filter(({ state }) => state === 'alive') ?? [];
  const vanished = workers?.items.filter(({ state }) => state === 'vanished').length ?? 0;
  return (
    <Card
      title={t('workers.title')}
      className={classes.quarter}
      aside={
        stats === undefined ? null : (
          <Pill look={WORKER_STATES[stats.workers_alive > 0 ? 'alive' : 'vanished']}>
            {t(stats.workers_alive > 0 ? 'terms:workerState.alive' : 'workers.none')}
          </Pill>
        )
      }
    >
      <Pair
        items={[
          [t('workers.alive'), <Number key="a">{stats ? format.number(stats.workers_alive) : '–'}</Number>],
          [
            t('workers.inFlight'),
            <Number key="f">
              {workers ? format.number(alive.reduce((sum, { in_flight }) => sum + in_flight, 0)) : '–'}
            </Number>,
          ],
        ]}
      />
      <p className={classes.foot}>
        {alive
          .slice(0, 3)
          .map(({ host }) => host)
          .join(' · ')}
        {alive.length > 3 ? ` +${format.number(alive.length - 3)}` : ''}{' '}
        {vanished > 0 ? t('workers.vanished', { count: vanished, n: format.number(vanished) }) : null}{' '}
        <TextLink to="/jobs?tab=workers">{t('workers.all')}</TextLink>
      </p>
    </Card>
  );
}
