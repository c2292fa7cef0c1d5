import { ActionIcon, Button, Tooltip } from '@mantine/core';
import clsx from 'clsx';
import { useTranslation } from 'react-i18next';
import { useFormat } from '~/format';
import { IconBack, IconNext } from '~/icons';
import classes from './DataTable.module.css';
import type { Cursor } from './useCursor';

interface Props<C> {
  cursor: Cursor<C>;
  /** The `next` of the answer; nothing where the part is the last. */
  next: C | null | undefined;
  /** How many entries a part has. */
  size: number;
  /** How many are shown. */
  shown: number;
  /** Nobody knows how many came before: only those shown are counted. */
  uncounted?: boolean;
}

/** Leads through a list whose length nobody knows. Nothing where there is one part only. */
export function CursorPager<C extends string | number>({
  cursor,
  next,
  size,
  shown,
  uncounted = false,
}: Props<C>) {
  const { t } = useTranslation();
  const format = useFormat();
  if (cursor.part === 0 && next == null) return null;
  const from = cursor.part * size;
  return (
    <nav className={clsx(classes.bar, classes.footer)} aria-label={t('table.older')}>
      <span aria-live="polite">
        {uncounted
          ? t('table.rows', { count: shown, n: format.number(shown) })
          : t('table.part', {
              from: format.number(shown === 0 ? from : from + 1),
              to: format.number(from + shown),
            })}
      </span>
      {cursor.part > 1 ? (
        <Button size="compact-sm" variant="subtle" onClick={cursor.first}>
          {t('table.first')}
        </Button>
      ) : null}
      <span className={classes.space} />
      <Tooltip label={t('table.newer')}>
        <ActionIcon
          variant="default"
          aria-label={t('table.newer')}
          onClick={cursor.previous}
          disabled={cursor.part === 0}
        >
          <IconBack size={16} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={t('table.older')}>
        <ActionIcon
          variant="default"
          aria-label={t('table.older')}
          onClick={() => next != null && cursor.next(next)}
          disabled={next == null}
        >
          <IconNext size={16} />
        </ActionIcon>
      </Tooltip>
    </nav>
  );
}
