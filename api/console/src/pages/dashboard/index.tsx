import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { LoadProblem, PageHeader } from '~/components';
import { apiSecretQuery, systemQuery, useStatus } from '~/layout/status';
import { queueQuery, workersQuery } from '~/pages/jobs/query';
import classes from './dashboard.module.css';
import { Feed } from './Feed';
import { FirstRun } from './FirstRun';
import { statsQuery } from './query';
import { Refreshes } from './Refreshes';
import { States } from './States';
import { Ahead, QueueTile, WorkersTile } from './Tiles';
import { TopCodes } from './TopCodes';
import { Verdict } from './Verdict';
import { isEmpty, verdictOf } from './verdict';

/** Whether all is well, and if not, where to look: on one screen, live. */
export function Component() {
  const { t } = useTranslation('dashboard');
  const status = useStatus();
  const stats = useQuery(statsQuery);
  const queue = useQuery(queueQuery);
  const workers = useQuery(workersQuery);
  const placeholder = useQuery(apiSecretQuery).data;
  const keyUnconfirmed = useQuery(systemQuery).data?.sealing_keys.backup_unconfirmed;
  const verdict = status.data
    ? verdictOf({ status: status.data, stats: stats.data, queue: queue.data, placeholder })
    : undefined;
  const first = status.data ? isEmpty(status.data) : false;
  const failed = [status, stats, queue, workers].find(({ error }) => error !== null);

  return (
    <>
      <PageHeader title={t('title')} />
      <div className={classes.grid}>
        {failed ? (
          <div className={classes.all}>
            <LoadProblem
              problem={failed.error}
              shown={failed.data !== undefined}
              retry={() => void failed.refetch()}
            />
          </div>
        ) : null}
        <div className={classes.all}>
          <Verdict verdict={verdict} total={first ? undefined : stats.data?.credentials?.total} />
        </div>
        {first ? (
          <FirstRun placeholder={placeholder} keyUnconfirmed={keyUnconfirmed} />
        ) : (
          <States counts={stats.data?.credentials} />
        )}
        <Ahead stats={stats.data} />
        <QueueTile stats={stats.data} queue={queue.data} />
        <WorkersTile stats={stats.data} workers={workers.data} />
        <Refreshes refreshes={stats.data?.refreshes} />
        <Feed />
        <TopCodes refreshes={stats.data?.refreshes} />
      </div>
    </>
  );
}
