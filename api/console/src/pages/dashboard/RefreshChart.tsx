import '@mantine/charts/styles.css';

import { BarChart } from '@mantine/charts';
import { useFormat } from '~/format';
import type { Hour } from './query';
import { useHourFormat } from './useHourFormat';

interface Props {
  hours: readonly Hour[];
  succeeded: string;
  failed: string;
}

/** A failure among thousands of successes is still to be seen. */
const SMALLEST_BAR_PX = 3;

/** A chunk of its own: most of what this page weighs. Screen readers get the table. */
export default function RefreshChart({ hours, succeeded, failed }: Props) {
  const format = useFormat();
  const hour = useHourFormat();
  return (
    <BarChart
      h="100%"
      data={hours.map((each) => ({
        hour: hour.short(each.hour),
        succeeded: each.succeeded,
        failed: each.failed,
      }))}
      dataKey="hour"
      type="stacked"
      series={[
        { name: 'succeeded', label: succeeded, color: 'var(--rtm-ok-fg)' },
        { name: 'failed', label: failed, color: 'var(--rtm-bad-fg)' },
      ]}
      valueFormatter={(value) => format.number(value)}
      textColor="var(--rtm-muted)"
      gridColor="var(--rtm-line)"
      tickLine="none"
      yAxisProps={{ allowDecimals: false, width: 48 }}
      xAxisProps={{ minTickGap: 24 }}
      barProps={({ name }) => ({
        isAnimationActive: false,
        minPointSize: name === 'failed' ? (value) => (value ? SMALLEST_BAR_PX : 0) : 0,
      })}
      barChartProps={{ accessibilityLayer: false }}
    />
  );
}
