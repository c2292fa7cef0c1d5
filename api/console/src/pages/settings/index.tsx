import { Skeleton, Stack, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useBlocker, useSearchParams } from 'react-router';
import { ConfirmDialog, LoadProblem, PageHeader } from '~/components';
import { ClientIds } from './ClientIds';
import { History } from './History';
import { Proxies } from './Proxies';
import { settingsQuery, type SettingsDocument } from './query';
import { SettingsForm } from './SettingsForm';
import { useDraft } from './useDraft';

export const TABS = ['settings', 'proxies', 'clientIds', 'history'] as const;
type Tab = (typeof TABS)[number];

export function Component() {
  const { t } = useTranslation('settings');
  const settings = useQuery(settingsQuery);
  const version = settings.data?.version;
  return (
    <>
      <PageHeader
        title={t('title')}
        lead={version === undefined ? ' ' : version === 0 ? t('lead.none') : t('lead.version', { version })}
      />
      <LoadProblem
        problem={settings.error}
        shown={settings.data !== undefined}
        retry={() => void settings.refetch()}
      />
      {settings.data ? <Areas newest={settings.data} /> : settings.error ? null : <Loading />}
    </>
  );
}

function Loading() {
  return (
    <Stack gap="md" aria-busy mt="xl">
      {[260, 340, 180].map((height) => (
        <Skeleton key={height} height={height} radius="md" />
      ))}
    </Stack>
  );
}

function Areas({ newest }: { newest: SettingsDocument }) {
  const { t } = useTranslation('settings');
  const [params, setParams] = useSearchParams();
  const state = useDraft(newest);
  const tab: Tab = TABS.find((name) => name === params.get('tab')) ?? 'settings';
  const show = (name: string | null) =>
    setParams(name === null || name === 'settings' ? {} : { tab: name }, { preventScrollReset: true });

  return (
    <>
      <Tabs value={tab} onChange={show} keepMounted={false}>
        <Tabs.List mb="md" aria-label={t('tab.label')}>
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`tab.${name}`)}
              {name === 'settings' && state.count > 0 ? ` (${state.count})` : null}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="settings">
          <SettingsForm state={state} newest={newest} />
        </Tabs.Panel>
        <Tabs.Panel value="proxies">
          <Proxies />
        </Tabs.Panel>
        <Tabs.Panel value="clientIds">
          <ClientIds />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <History state={state} newest={newest} onFilled={() => show('settings')} />
        </Tabs.Panel>
      </Tabs>
      <Unsaved count={state.count} />
    </>
  );
}

/** What is typed and not saved does not go without a word. */
function Unsaved({ count }: { count: number }) {
  const { t } = useTranslation('settings');
  const blocker = useBlocker(
    ({ currentLocation, nextLocation }) => count > 0 && currentLocation.pathname !== nextLocation.pathname,
  );
  useEffect(() => {
    if (count === 0) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [count]);
  return (
    <ConfirmDialog
      opened={blocker.state === 'blocked'}
      onClose={() => blocker.reset?.()}
      title={t('leave.title')}
      consequences={[t('leave.what', { count })]}
      confirmLabel={t('leave.confirm')}
      danger
      onConfirm={() => {
        blocker.proceed?.();
        // The dialog goes with the blocker. Closing it would block a way back again that has only begun.
        return new Promise<never>(() => undefined);
      }}
    />
  );
}
