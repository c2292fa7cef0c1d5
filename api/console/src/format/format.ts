import type { TFunction } from 'i18next';

/** A count that the server may have stopped counting at its limit. */
export interface Counted {
  count: number;
  more: boolean;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
] as const;

const RELATIVE = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** Numbers and times as the chosen language writes them. */
export class Format {
  readonly #number: Intl.NumberFormat;
  readonly #dateTime: Intl.DateTimeFormat;
  readonly #relative: Intl.RelativeTimeFormat;

  constructor(
    language: string,
    private readonly t: TFunction,
  ) {
    const locale = language === 'zh' ? 'zh-CN' : 'en';
    this.#number = new Intl.NumberFormat(locale);
    this.#relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' });
    this.#dateTime = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    });
  }

  number(value: number): string {
    return this.#number.format(value);
  }

  /** `1,234`, or `10,000+`. */
  count({ count, more }: Counted): string {
    return this.number(count) + (more ? '+' : '');
  }

  /** The local time to the second. */
  dateTime(at: string | number | Date): string {
    return this.#dateTime.format(new Date(at));
  }

  /** `3d 4h`: the two largest units. */
  duration(seconds: number): string {
    const whole = Math.max(0, Math.floor(seconds));
    const first = UNITS.findIndex(([, size]) => whole >= size);
    if (first < 0) return this.t('time.unit.s', { n: 0 });
    let rest = whole;
    const parts = UNITS.slice(first, first + 2).map(([unit, size]) => {
      const n = Math.floor(rest / size);
      rest -= n * size;
      return n > 0 ? this.t(`time.unit.${unit}`, { n }) : '';
    });
    return parts.filter(Boolean).join(' ');
  }

  /** Below a second in milliseconds. */
  milliseconds(value: number): string {
    return value < 1000
      ? this.t('time.unit.ms', { n: Math.round(value) })
      : this.t('time.unit.s', { n: this.number(Math.round(value / 100) / 10) });
  }

  /** `in 3 hr.`, `2 days ago`. */
  relative(seconds: number): string {
    if (Math.abs(seconds) < 1) return this.t('time.now');
    const [unit, size] = RELATIVE.find(([, each]) => Math.abs(seconds) >= each) ?? RELATIVE[5];
    return this.#relative.format(Math.trunc(seconds / size), unit);
  }
}
