import { Button, Code, Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, Problem, unwrap, type Schemas } from '~/api';
import { CopyButton, Notice, useCodeText, useProblemText, useServerText } from '~/components';
import { IconRefresh } from '~/icons';
import { keys } from '~/query';
import { useIsAdministrator } from '~/session';
import { ATTEMPT_STATES, OUTCOMES, type Look } from '~/theme/states';
import type { Credential } from './query';

/** Asks for a refresh and waits for its outcome, which stays on the page until the next one. */
export function useRefreshNow(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.POST('/api/v1/credentials/{id}/refresh', { params: { path: { id } } })),
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.credential(id) }),
        client.invalidateQueries({ queryKey: ['credentials'] }),
      ]),
  });
}

type RefreshNow = ReturnType<typeof useRefreshNow>;

export function RefreshButton({ credential, refresh }: { credential: Credential; refresh: RefreshNow }) {
  const { t } = useTranslation(['credential', 'common']);
  const may = useIsAdministrator();
  return (
    <Button
      leftSection={<IconRefresh size={16} />}
      disabled={!may || !credential.enabled}
      loading={refresh.isPending}
      onClick={() => refresh.mutate()}
      {...(credential.enabled ? {} : { title: t('refresh.disabled') })}
    >
      {t('refresh.verb')}
    </Button>
  );
}

interface Told {
  look: Look;
  title: string;
  code: string | null;
  text: string | null;
  attempt: string | null;
}

export function RefreshOutcome({ refresh }: { refresh: RefreshNow }) {
  const { t } = useTranslation(['credential', 'terms']);
  const codeText = useCodeText();
  const problemText = useProblemText();
  const serverText = useServerText();
  if (refresh.isIdle) return null;
  if (refresh.isPending) {
    return <Notice role="status" look={ATTEMPT_STATES.refreshing} title={t('refresh.running')} />;
  }
  const told = tell(
    refresh,
    t('refresh.fresh'),
    (outcome) => t(`terms:outcome.${outcome}`),
    codeText,
    problemText,
    serverText,
  );
  return (
    <Notice
      role="status"
      look={told.look}
      title={told.title}
      close={{ label: t('refresh.dismiss'), onClose: () => refresh.reset() }}
    >
      <Group gap="sm">
        {told.code === null ? null : <Code>{told.code}</Code>}
        {told.text === null ? null : <Text size="sm">{told.text}</Text>}
        {told.attempt === null ? null : (
          <Group gap={4}>
            <Text size="xs" c="dimmed" ff="monospace">
              {told.attempt}
            </Text>
            <CopyButton value={told.attempt} />
          </Group>
        )}
      </Group>
    </Notice>
  );
}

/** A refresh that was made and failed is an answer as well, with its outcome in the problem. */
function tell(
  { data, error }: RefreshNow,
  fresh: string,
  outcomeText: (outcome: Schemas['OutcomeKind']) => string,
  codeText: (code: string) => string | null,
  problemText: (problem: unknown) => string,
  serverText: (sentence: string) => string,
): Told {
  const attempt = data?.attempt ?? attemptOf(error);
  if (attempt?.outcome != null) {
    const code = attempt.code ?? null;
    return {
      look: OUTCOMES[attempt.outcome],
      title: outcomeText(attempt.outcome),
      code,
      text:
        (code === null ? null : codeText(code)) ??
        (attempt.detail == null ? null : serverText(attempt.detail)),
      attempt: attempt.id,
    };
  }
  if (error !== null)
    return {
      look: OUTCOMES.not_sent,
      title: problemText(error),
      code: error instanceof Problem ? error.code : null,
      text: null,
      attempt: attempt?.id ?? null,
    };
  return { look: OUTCOMES.rotated, title: fresh, code: null, text: null, attempt: null };
}

function attemptOf(error: unknown): Schemas['EndedAttempt'] | null {
  const attempt = error instanceof Problem ? error.more.attempt : undefined;
  const known = typeof attempt === 'object' && attempt !== null && 'id' in attempt;
  return known ? (attempt as Schemas['EndedAttempt']) : null;
}
