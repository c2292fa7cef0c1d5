import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useFormat } from '~/format';
import { IconNext, IconPending } from '~/icons';
import { SEVERITIES, type Look } from '~/theme/states';
import classes from './dashboard.module.css';
import type { Issue, Verdict as Judged } from './verdict';

const UNKNOWN: Look = { tone: 'off', Icon: IconPending };

/** Whether all is well; if not, what is wrong and where that is mended. */
export function Verdict({ verdict, total }: { verdict: Judged | undefined; total: number | undefined }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const { tone, Icon } = verdict ? SEVERITIES[verdict.severity] : UNKNOWN;
  const well = total === undefined ? t('verdict.ok') : t('verdict.okAll', { n: format.number(total) });
  return (
    <section
      aria-label={t('verdict.label')}
      role="status"
      className={classes.verdict}
      style={{
        color: `var(--rtm-${tone}-fg)`,
        backgroundColor: `var(--rtm-${tone}-bg)`,
        borderColor: `color-mix(in srgb, var(--rtm-${tone}-fg) 40%, transparent)`,
      }}
      data-verdict={verdict?.severity ?? 'unknown'}
    >
      <Icon size={24} aria-hidden />
      <span className={classes.verdictText}>
        {verdict === undefined
          ? t('verdict.unknown')
          : verdict.severity === 'ok'
            ? well
            : t(`verdict.${verdict.severity}`)}
      </span>
      {verdict && verdict.issues.length > 0 ? (
        <ul className={classes.issues}>
          {verdict.issues.map((issue) => (
            <li key={issue.name}>
              <IssueLink issue={issue} />
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}

function IssueLink({ issue }: { issue: Issue }) {
  const { t } = useTranslation('dashboard');
  const format = useFormat();
  const { tone, Icon } = SEVERITIES[issue.severity];
  return (
    <Link to={issue.to} className={classes.issue} style={{ color: `var(--rtm-${tone}-fg)` }}>
      <Icon size={15} aria-hidden />
      {t(`issue.${issue.name}`, { count: issue.count, n: format.count(issue) })}
      <IconNext size={14} aria-hidden />
    </Link>
  );
}
