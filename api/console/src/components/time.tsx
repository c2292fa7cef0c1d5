import { useFormat, useNow } from '~/format';
import { useTexts } from '~/i18n/texts';
import { useHint } from './useHint';

/** How often a time at this distance changes what is shown of it. */
function step(distanceSeconds: number): number {
  if (distanceSeconds < 3_600) return 1;
  return distanceSeconds < 172_800 ? 60 : 600;
}

function useDistance(at: string): number {
  const target = Date.parse(at);
  // eslint-disable-next-line react-hooks/purity -- only chooses how often to look at the clock
  const now = useNow(step(Math.abs(target - Date.now()) / 1000));
  return (target - now) / 1000;
}

interface TimeProps {
  /** RFC 3339. */
  at: string | null | undefined;
  /** Shown where there is no time. */
  none?: string;
}

/** `3 min ago`, with the time itself on hover. */
export function RelativeTime({ at, none }: TimeProps) {
  const { t } = useTexts();
  return at ? <Relative at={at} /> : <span>{none ?? t('time.none')}</span>;
}

function Relative({ at }: { at: string }) {
  const format = useFormat();
  const seconds = useDistance(at);
  const { near, hint } = useHint(() => format.dateTime(at));
  return (
    <>
      <time dateTime={at} {...near}>
        {format.relative(seconds)}
      </time>
      {hint}
    </>
  );
}

/** How long until something ends; in the colour of what has to be done about it. */
export function ExpiryCountdown({ at, none, soonSeconds = 3_600 }: TimeProps & { soonSeconds?: number }) {
  const { t } = useTexts();
  return at ? <Countdown at={at} soonSeconds={soonSeconds} /> : <span>{none ?? t('time.none')}</span>;
}

function Countdown({ at, soonSeconds }: { at: string; soonSeconds: number }) {
  const { t } = useTexts();
  const format = useFormat();
  const left = useDistance(at);
  const { near, hint } = useHint(() => format.dateTime(at));
  const over = left <= 0;
  const color = over ? 'var(--rtm-bad-fg)' : left < soonSeconds ? 'var(--rtm-doubt-fg)' : undefined;
  return (
    <>
      <time dateTime={at} style={{ color, whiteSpace: 'nowrap' }} {...near}>
        {over ? t('time.expired', { ago: format.relative(left) }) : format.duration(left)}
      </time>
      {hint}
    </>
  );
}
