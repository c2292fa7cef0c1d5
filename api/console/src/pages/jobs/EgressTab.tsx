import { Button, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { ConfirmDialog, DataTable, EmptyState, Pill, RelativeTime, type Column } from '~/components';
import { IconPause, IconResume } from '~/icons';
import { useIsAdministrator } from '~/session';
import { CIRCUITS } from '~/theme/states';
import { useSwitches } from './actions';
import { PauseDialog } from './PauseDialog';
import { egressesQuery, type Egress } from './query';

/** The ways out, with what stops them. */
export function EgressTab() {
  const { t } = useTranslation('jobs');
  const egresses = useQuery(egressesQuery);
  const [asking, setAsking] = useState<Egress | null>(null);
  const close = () => setAsking(null);
  const { resume } = useSwitches();
  const { data } = egresses;
  return (
    <>
      <DataTable<Egress>
        name="egresses"
        label={t('tab.egresses')}
        columns={useColumns(setAsking)}
        rows={data?.items}
        rowId={({ egress }) => egress}
        rowName={({ label }) => label}
        reading={egresses}
        toolbar={<Text size="sm">{t('egress.help')}</Text>}
        footer={
          data?.more ? (
            <Text size="sm" c="dimmed" p="sm">
              {t('egress.more')}
            </Text>
          ) : null
        }
        empty={<EmptyState kind="nothing" title={t('egress.none')} />}
      />
      <PauseDialog
        opened={asking !== null && asking.paused == null}
        onClose={close}
        title={t('egress.pauseTitle', { name: asking?.label ?? '' })}
        consequences={[
          t('egress.pauseWhat', { name: asking?.label ?? '' }),
          t('pause.inFlight'),
          t('pause.handOut'),
          ...(asking?.default ? [t('egress.pauseDefault')] : []),
        ]}
        {...(asking ? { egress: asking.egress } : {})}
      />
      <ConfirmDialog
        opened={asking?.paused != null}
        onClose={close}
        title={t('egress.resumeTitle', { name: asking?.label ?? '' })}
        consequences={[t('egress.resumeWhat')]}
        confirmLabel={t('resume.verb')}
        onConfirm={() => resume.mutateAsync({ egress: asking?.egress ?? '' })}
      />
    </>
  );
}

function useColumns(ask: (egress: Egress) => void): readonly Column<Egress>[] {
  const { t } = useTranslation(['jobs', 'terms']);
  const may = useIsAdministrator();
  return useMemo(() => columns(t, may, ask), [t, may, ask]);
}

function columns(
  t: TFunction<['jobs', 'terms']>,
  may: boolean,
  ask: (egress: Egress) => void,
): readonly Column<Egress>[] {
  return [
    {
      key: 'label',
      title: t('egress.name'),
      fixed: true,
      render: ({ label, egress, default: isDefault }) => (
        <>
          <Text span size="sm" fw={600}>
            {label === 'direct' ? t('egress.direct') : label}
          </Text>{' '}
          {isDefault ? (
            <Text span size="xs" c="dimmed">
              {t('egress.default')}
            </Text>
          ) : (
            <Text component={Link} to={`/credentials?proxy=${encodeURIComponent(egress)}`} size="xs">
              {t('egress.credentials')}
            </Text>
          )}
        </>
      ),
    },
    {
      key: 'state',
      title: t('egress.state'),
      render: ({ circuit, paused }) =>
        paused == null ? (
          <Pill look={CIRCUITS[circuit]}>{t(`terms:circuit.${circuit}`)}</Pill>
        ) : (
          <Pill look={{ tone: 'doubt', Icon: IconPause }}>{t('egress.paused')}</Pill>
        ),
    },
    {
      key: 'why',
      title: t('egress.why'),
      render: ({ paused, hold }) => (
        <Text size="sm" component="div">
          {paused != null ? (
            <>
              {paused.reason} · <RelativeTime at={paused.since} />
            </>
          ) : hold != null ? (
            <>
              {t(hold.reason === 'retry_after' ? 'egress.retryAfter' : 'egress.circuitOpen')} ·{' '}
              <RelativeTime at={hold.until} />
            </>
          ) : null}
        </Text>
      ),
    },
    {
      key: 'actions',
      title: '',
      fixed: true,
      numeric: true,
      render: (egress) => (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={egress.paused == null ? <IconPause size={15} /> : <IconResume size={15} />}
          disabled={!may}
          aria-label={`${t(egress.paused == null ? 'pause.verb' : 'resume.verb')} ${egress.label}`}
          onClick={() => ask(egress)}
        >
          {t(egress.paused == null ? 'pause.verb' : 'resume.verb')}
        </Button>
      ),
    },
  ];
}
