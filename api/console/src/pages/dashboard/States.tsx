import clsx from 'clsx';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schemas } from '~/api';
import { RelativeTime } from '~/components';
import { useFormat } from '~/format';
import { IconDisabled } from '~/icons';
import { STATES, type Look } from '~/theme/states';
import { Card } from './Card';
import classes from './dashboard.module.css';

const ORDER: readonly Schemas['StateName'][] = ['idle', 'queued', 'refreshing', 'in_doubt', 'held', 'dead'];
const DISABLED: Look = { tone: 'off', Icon: IconDisabled };

/** How many credentials are in which state; each leads to the list of those. */
export function States({ counts }: { counts: Schemas['CredentialStats'] | null | undefined }) {
  const { t } = useTranslation(['dashboard', 'terms']);
  const format = useFormat();
  return (
    <Card
      title={t('states.title')}
      className={classes.all}
      aside={
        <span className={classes.muted}>
          {counts ? (
            <>
              {t('states.total', { n: format.number(counts.total) })} · {t('states.asOf')}{' '}
              <RelativeTime at={counts.as_of} />
            </>
          ) : (
            t('states.counting')
          )}
        </span>
      }
    >
      <div className={classes.states}>
        {ORDER.map((state) => (
          <State
            key={state}
            to={`/credentials?state=${state}`}
            look={STATES[state]}
            name={t(`terms:state.${state}`)}
            count={counts?.by_state[state]}
          />
        ))}
        <State
          to="/credentials?enabled=false"
          look={DISABLED}
          name={t('terms:state.disabled')}
          count={counts ? counts.total - counts.enabled : undefined}
        />
      </div>
    </Card>
  );
}

interface StateProps {
  to: string;
  look: Look;
  name: string;
  count: number | undefined;
}

function State({ to, look: { tone, Icon }, name, count }: StateProps) {
  const format = useFormat();
  return (
    <Link to={to} className={classes.state}>
      <span className={classes.stateName} style={{ color: `var(--rtm-${tone}-fg)` }}>
        <Icon size={16} aria-hidden />
        {name}
      </span>
      <span className={clsx(classes.number, !count && classes.zero)}>
        {count === undefined ? '–' : format.number(count)}
      </span>
    </Link>
  );
}
