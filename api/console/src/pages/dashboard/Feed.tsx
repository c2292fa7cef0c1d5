import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Pill, RelativeTime, useActionText, useActorText } from '~/components';
import { useFormat } from '~/format';
import { IconAccount } from '~/icons';
import { useRecentEvents, type RecentEvent } from '~/query';
import { Card } from './Card';
import classes from './dashboard.module.css';
import { shortId, tell, type Told } from './feed';
import { deedsQuery } from './query';
import { TextLink } from './TextLink';

/** What happens now, as the server tells of it; before that, what people did last. */
export function Feed() {
  const { t } = useTranslation('dashboard');
  const action = useActionText();
  const actor = useActorText();
  const recent = useRecentEvents();
  const deeds = useQuery(deedsQuery).data?.items ?? [];
  return (
    <Card
      title={t('feed.title')}
      className={classes.side}
      aside={
        <span className={classes.muted}>
          <TextLink to="/system?tab=audit">{t('feed.audit')}</TextLink>
        </span>
      }
    >
      {/* It scrolls, so the keyboard must reach it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <ol className={classes.feed} aria-label={t('feed.title')} tabIndex={0}>
        {recent.map((event) => (
          <Happened key={event.key} event={event} />
        ))}
        {deeds.map((deed) => (
          <Row
            key={deed.id}
            at={deed.at}
            sign={
              <Pill plain look={PERSON}>
                {actor(deed).name}
              </Pill>
            }
          >
            {action(deed.action)}
            {deed.target_kind === 'user' ? ` ${deed.target ?? ''}` : ''}
          </Row>
        ))}
        {recent.length + deeds.length === 0 ? <li className={classes.muted}>{t('feed.quiet')}</li> : null}
      </ol>
    </Card>
  );
}

const PERSON = { tone: 'off', Icon: IconAccount } as const;

function Row({ at, sign, children }: { at: string; sign: ReactNode; children?: ReactNode }) {
  return (
    <li>
      <span className={classes.feedText}>
        {sign} {children}
      </span>
      <span className={classes.feedTime}>
        <RelativeTime at={at} />
      </span>
    </li>
  );
}

function Happened({ event }: { event: RecentEvent }) {
  const { t } = useTranslation(['dashboard', 'terms']);
  const told = tell(event);
  if (told === null) return null;
  return (
    <Row
      at={new Date(event.at).toISOString()}
      sign={
        <Pill plain look={told.look} busy={false}>
          {told.kind === 'attempt'
            ? told.outcome === null
              ? t('terms:attemptState.cancelled')
              : t(`terms:outcome.${told.outcome}`)
            : t(`feed.kind.${told.kind}`)}
        </Pill>
      }
    >
      <Said told={told} count={event.count} />
    </Row>
  );
}

function Said({ told, count }: { told: Told; count: number }) {
  const { t } = useTranslation(['dashboard', 'terms']);
  const format = useFormat();
  switch (told.kind) {
    case 'attempt':
    case 'credential':
      return (
        <>
          {count > 1 ? (
            t('feed.many', { count, n: format.number(count) })
          ) : (
            <TextLink to={`/credentials/${told.credential}`}>{shortId(told.credential)}</TextLink>
          )}
          {told.kind === 'attempt' && told.code !== null ? ` · ${told.code}` : ''}
        </>
      );
    case 'switch': {
      const name = told.name === 'halted' ? 'halted' : 'paused';
      return told.on
        ? `${t(`terms:finding.${name}`)}${told.reason === null ? '' : `: ${told.reason}`}`
        : t(`feed.off.${name}`);
    }
    case 'egress':
      return `${told.label} · ${t(`feed.egress.${told.change}`)}`;
    case 'worker':
      return `${told.host} · ${t(told.alive ? 'feed.came' : 'feed.went')}`;
    case 'job':
      return (
        <>
          <TextLink to={`/jobs/${told.job}`}>{shortId(told.job)}</TextLink>{' '}
          {told.total === null
            ? format.number(told.done)
            : `${format.number(told.done)} / ${format.number(told.total)}`}
          {told.failed > 0
            ? ` · ${t('feed.failed', { count: told.failed, n: format.number(told.failed) })}`
            : ''}
        </>
      );
    case 'settings':
      return t('feed.settings');
    case 'missed':
      return t('feed.missed');
  }
}
