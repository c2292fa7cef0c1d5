import { Button, Code, Group, List, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Problem, type FieldError } from '~/api';
import { IconRefresh } from '~/icons';
import { SEVERITIES } from '~/theme/states';
import { CopyButton } from './CopyButton';
import { Notice } from './Notice';
import { useServerText } from './useServerText';

/** What a problem says to people, in their language: what its code means, else the sentence of the server. */
export function useProblemText(): (problem: unknown) => string {
  const { t, i18n } = useTranslation('errors');
  const serverText = useServerText();
  return (problem) => {
    if (!(problem instanceof Problem)) return t('internal');
    const known = i18n.exists(problem.code, { ns: 'errors' });
    // The keys are open here: codes come from the server.
    if (known) return t(problem.code as 'internal');
    return problem.detail === null ? problem.code : serverText(problem.detail);
  };
}

interface Props {
  problem: unknown;
  /** Fields whose errors are not shown beside a field of a form. */
  fields?: readonly FieldError[];
  title?: string;
  retry?: (() => void) | undefined;
}

/** A problem in full: what happened, what to mend, the request id for the log. Nothing for `null`. */
export function ProblemAlert({ problem, fields, title, retry }: Props) {
  const { t } = useTranslation();
  const text = useProblemText();
  const serverText = useServerText();
  if (problem === null || problem === undefined) return null;
  const known = problem instanceof Problem ? problem : null;
  const shown = fields ?? known?.fields ?? [];
  return (
    <Notice role="alert" look={SEVERITIES.critical} title={title ?? t('problem.title')}>
      <Text size="sm">{text(problem)}</Text>
      {shown.length > 0 ? (
        <List size="sm" mt={4}>
          {shown.map(({ field, message }) => (
            <List.Item key={`${field} ${message}`}>
              <Code>{field}</Code> {serverText(message)}
            </List.Item>
          ))}
        </List>
      ) : null}
      {(known?.requestId ?? retry) ? (
        <Group gap={6} mt={6}>
          {known?.requestId ? (
            <>
              <Text size="xs">
                {t('problem.requestId')} <Code>{known.requestId}</Code>
              </Text>
              <CopyButton value={known.requestId} />
            </>
          ) : null}
          {retry ? (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconRefresh size={14} />}
              onClick={retry}
            >
              {t('action.retry')}
            </Button>
          ) : null}
        </Group>
      ) : null}
    </Notice>
  );
}
