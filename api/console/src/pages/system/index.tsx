import { Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { PageHeader } from '~/components';
import { IconAccount, IconHistory, IconReport, IconServer, IconUsers, type TablerIcon } from '~/icons';
import { useStatus } from '~/layout';
import { AuditTab } from './AuditTab';
import { OrphansTab } from './OrphansTab';
import { PeopleTab } from './PeopleTab';
import { SessionsTab } from './SessionsTab';
import { SystemTab } from './SystemTab';

const TABS = [
  { name: 'audit', Icon: IconHistory, Panel: AuditTab },
  { name: 'people', Icon: IconUsers, Panel: PeopleTab },
  { name: 'sessions', Icon: IconAccount, Panel: SessionsTab },
  { name: 'system', Icon: IconServer, Panel: SystemTab },
  { name: 'orphans', Icon: IconReport, Panel: OrphansTab },
] as const satisfies readonly { name: string; Icon: TablerIcon; Panel: () => React.ReactNode }[];

/** What was done, by whom, and how the installation is. Each tab has an address of its own. */
export function Component() {
  const { t } = useTranslation('system');
  const [params, setParams] = useSearchParams();
  const orphans = useStatus().data?.orphans;
  const tab = TABS.find(({ name }) => name === params.get('tab')) ?? TABS[0];
  return (
    <>
      <PageHeader title={t('title')} lead={t(`tabLead.${tab.name}`)} />
      <Tabs
        value={tab.name}
        // The filters of a tab belong to it: another one begins without.
        onChange={(name) => name !== null && setParams({ tab: name })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {TABS.map(({ name, Icon }) => (
            <Tabs.Tab key={name} value={name} leftSection={<Icon size={16} aria-hidden />}>
              {t(`tab.${name}`)}
              {name === 'orphans' && orphans && orphans.count > 0 ? ` (${orphans.count})` : ''}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map(({ name, Panel }) => (
          <Tabs.Panel key={name} value={name}>
            <Panel />
          </Tabs.Panel>
        ))}
      </Tabs>
    </>
  );
}
