import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Pill, RelativeTime } from '~/components';
import { useFormat } from '~/format';
import { IconFailed, IconHealthy, IconWorking } from '~/icons';
import type { TestResult } from './useProxyTest';

/** What a test of a way found: reached and how fast, or roughly why not. */
export function TestOutcome({ result }: { result: TestResult | undefined }) {
  const { t } = useTranslation('settings');
  const format = useFormat();
  if (result === undefined)
    return (
      <Text span c="dimmed" size="sm">
        {t('proxies.notTested')}
      </Text>
    );
  if (result === 'running')
    return <Pill look={{ tone: 'active', Icon: IconWorking }}>{t('proxies.testing')}</Pill>;
  return (
    <>
      {result.reachable ? (
        <Pill look={{ tone: 'ok', Icon: IconHealthy }} help={t('proxies.testedAt')}>
          {t('proxies.reachable', { time: format.milliseconds(result.latency_ms ?? 0) })}
        </Pill>
      ) : (
        <Pill look={{ tone: 'bad', Icon: IconFailed }}>
          {t(`proxies.error.${result.error ?? 'unknown'}`)}
        </Pill>
      )}{' '}
      <Text span c="dimmed" size="xs">
        <RelativeTime at={result.at} />
      </Text>
    </>
  );
}
