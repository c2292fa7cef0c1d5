import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { ConfirmDialog, Notice, RelativeTime, useCodeText } from '~/components';
import { useFormat } from '~/format';
import { useIsAdministrator } from '~/session';
import { STATES } from '~/theme/states';
import { useDetailActions } from './actions';
import type { Credential } from './query';

interface Props {
  credential: Credential;
  onReplace: () => void;
  onEdit: () => void;
}

type Act = 'probe_now' | 'mark_dead' | 'keep_waiting' | 'retry';

/** What is the matter with a credential that needs somebody, and what can be done about it here. */
export function Finding({ credential, onReplace, onEdit }: Props) {
  const { t } = useTranslation(['credential', 'terms']);
  const may = useIsAdministrator();
  const codeText = useCodeText();
  const [asking, setAsking] = useState<Act | null>(null);
  const { finding, state, last_code: code } = credential;
  if (finding == null) return null;

  const buttons = finding.advice.flatMap((advice) => {
    const act = actOf(advice);
    if (act === null) return [];
    return [
      {
        label: t(`terms:advice.${advice}`),
        onClick: act === 'replace' ? onReplace : act === 'edit' ? onEdit : () => setAsking(act),
      },
      // Waiting is what happens by itself; waiting longer has to be said.
      ...(advice === 'probe_now'
        ? [{ label: t('resolve.keep_waiting.verb'), onClick: () => setAsking('keep_waiting') }]
        : []),
    ];
  });
  return (
    <Notice
      role="note"
      look={STATES[state]}
      title={`${t(`terms:state.${state}`)}${credential.state_reason ? ` · ${t(`terms:heldReason.${credential.state_reason}`)}` : ''}`}
    >
      <Stack gap="xs">
        <Text size="sm">
          {t(`terms:stateHelp.${state}`)} {code == null ? null : (codeText(code) ?? code)}
        </Text>
        {credential.doubt ? <Doubt doubt={credential.doubt} /> : null}
        {finding.advice.includes('stop_other_program') ? <Text size="sm">{t('stopOther')}</Text> : null}
        <Group gap="xs">
          {buttons.map(({ label, onClick }) => (
            <Button key={label} size="compact-sm" variant="default" disabled={!may} onClick={onClick}>
              {label}
            </Button>
          ))}
        </Group>
      </Stack>
      <Decision credential={credential} act={asking} onClose={() => setAsking(null)} />
    </Notice>
  );
}

/** What advice is done on this page; the rest is to be done elsewhere, or by waiting. */
function actOf(advice: Schemas['Advice']): Act | 'replace' | 'edit' | null {
  switch (advice) {
    case 'probe_now':
    case 'mark_dead':
    case 'retry':
      return advice;
    case 'replace_refresh_token':
      return 'replace';
    case 'change_client_id':
    case 'change_proxy':
      return 'edit';
    default:
      return null;
  }
}

function Doubt({ doubt }: { doubt: NonNullable<Credential['doubt']> }) {
  const { t } = useTranslation('credential');
  const format = useFormat();
  return (
    <Text size="sm" component="div">
      {t('doubt.since')} <RelativeTime at={doubt.since} /> ·{' '}
      {t('doubt.probes', { made: format.number(doubt.probes), allowed: format.number(doubt.allowed) })} ·{' '}
      {t(`doubt.because.${doubt.next_probe_because}`)}
      {doubt.next_probe_at == null ? null : (
        <>
          {' '}
          <RelativeTime at={doubt.next_probe_at} />
        </>
      )}
    </Text>
  );
}

function Decision({
  credential,
  act,
  onClose,
}: {
  credential: Credential;
  act: Act | null;
  onClose: () => void;
}) {
  const { t } = useTranslation('credential');
  const { resolve, retry } = useDetailActions(credential.id);
  const shown = act ?? 'keep_waiting';
  const name = credential.biz_id;
  const left = (credential.doubt?.allowed ?? 0) - (credential.doubt?.probes ?? 0);
  return (
    <ConfirmDialog
      opened={act !== null}
      onClose={onClose}
      title={shown === 'retry' ? t('retry.title', { name }) : t(`resolve.${shown}.title`, { name })}
      consequences={
        shown === 'retry'
          ? [t('retry.what')]
          : shown === 'probe_now'
            ? [
                t('resolve.probe_now.what'),
                t('resolve.probe_now.risk'),
                t('resolve.probe_now.left', { count: left }),
              ]
            : shown === 'mark_dead'
              ? [t('resolve.mark_dead.what'), t('resolve.mark_dead.late')]
              : [t('resolve.keep_waiting.what')]
      }
      confirmLabel={shown === 'retry' ? t('retry.verb') : t(`resolve.${shown}.verb`)}
      danger={shown === 'mark_dead'}
      onConfirm={() => (shown === 'retry' ? retry.mutateAsync() : resolve.mutateAsync(shown))}
    />
  );
}
