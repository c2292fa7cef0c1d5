import { Stack, Tabs } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { PageHeader } from '~/components';
import { EgressTab } from './EgressTab';
import { JobList } from './JobList';
import { QueueTab } from './QueueTab';
import { Refreshing } from './Refreshing';
import { WorkersTable } from './WorkersTable';

const TABS = ['jobs', 'queue', 'egresses', 'workers'] as const;
type Tab = (typeof TABS)[number];

/** Jobs, and the machinery that does them. The tab stands in the address. */
export function Overview() {
  const { t } = useTranslation('jobs');
  const [params, setParams] = useSearchParams();
  const tab = TABS.find((each) => each === params.get('tab')) ?? 'jobs';
  const choose = (next: string | null) => setParams(next === null || next === 'jobs' ? {} : { tab: next });
  const panels: Record<Tab, ReactNode> = {
    jobs: <JobList />,
    queue: <QueueTab />,
    egresses: <EgressTab />,
    workers: <WorkersTable />,
  };
  return (
    <>
      <PageHeader title={t('title')} lead={<Refreshing />} />
      <Tabs value={tab} onChange={choose} keepMounted={false}>
        <Tabs.List mb="md">
          {TABS.map((each) => (
            <Tabs.Tab key={each} value={each}>
              {t(`tab.${each}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map((each) => (
          <Tabs.Panel key={each} value={each}>
            <Stack gap="sm">{panels[each]}</Stack>
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
