import { Fragment, type ReactNode } from 'react';
import classes from './KeyValue.module.css';

/** Names and values of one thing. An entry of `null` is left out. */
export function KeyValue({
  items,
}: {
  items: readonly (readonly [name: string, value: ReactNode] | null)[];
}) {
  return (
    <dl className={classes.list}>
      {items.map((item) =>
        item === null ? null : (
          <Fragment key={item[0]}>
            <dt>{item[0]}</dt>
            <dd>{item[1]}</dd>
          </Fragment>
        ),
      )}
    </dl>
  );
}
