import { Button, Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';
import { PageHeader } from '~/components';
import { IconDocs, IconElsewhere } from '~/icons';
import { Calls } from './Calls';
import { Errors } from './Errors';
import { Keys } from './Keys';

const TABS = ['calls', 'errors', 'keys'] as const;
/** Swagger UI, served by the API itself. */
const SWAGGER = '/api/docs/';

export function Component() {
  const { t } = useTranslation('api');
  const [params, setParams] = useSearchParams();
  const tab = TABS.find((name) => name === params.get('tab')) ?? 'calls';
  return (
    <>
      <PageHeader
        title={t('title')}
        actions={
          <>
            <Button
              component="a"
              href="/api/v1/openapi.json"
              target="_blank"
              rel="noreferrer"
              variant="default"
              rightSection={<IconElsewhere size={14} aria-hidden />}
              aria-label={`${t('document')} (${t('opensNew')})`}
            >
              {t('document')}
            </Button>
            <Button
              component="a"
              href={SWAGGER}
              target="_blank"
              rel="noreferrer"
              variant="default"
              leftSection={<IconDocs size={16} aria-hidden />}
              rightSection={<IconElsewhere size={14} aria-hidden />}
              aria-label={`${t('swagger')} (${t('opensNew')})`}
            >
              {t('swagger')}
            </Button>
          </>
        }
      />
      <Tabs
        value={tab}
        onChange={(name) =>
          setParams(name === null || name === 'calls' ? {} : { tab: name }, { preventScrollReset: true })
        }
        keepMounted={false}
      >
        <Tabs.List mb="md" aria-label={t('tab.label')}>
          {TABS.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`tab.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="calls">
          <Calls />
        </Tabs.Panel>
        <Tabs.Panel value="errors">
          <Errors />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <Keys />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
