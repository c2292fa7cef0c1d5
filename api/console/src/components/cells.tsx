import clsx from 'clsx';
import { createContext, use, type ComponentProps, type MouseEvent, type ReactNode } from 'react';
import classes from './cells.module.css';

/**
 * What stands in hundreds of cells at once, of plain elements: a component of the library looks up the theme for each, which took
 * an eighth of the work for another page.
 */

type Go = (path: string) => unknown;

const Context = createContext<Go | null>(null);

/** How the links of a table lead somewhere. It stays the same when the address changes, for which all would be drawn again. */
export const RowLinks = Context.Provider;

interface LinkProps {
  /** A path of the console. */
  to: string;
  children: ReactNode;
}

/** What a row is called, which leads to it. Only in rows of a `DataTable`. */
export function RowLink({ to, children }: LinkProps) {
  const go = use(Context);
  if (go === null) throw new Error('there are no RowLinks');
  const follow = (event: MouseEvent) => {
    // Another tab or window, or a download: that the browser does.
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={to} className={classes.link} onClick={follow}>
      {children}
    </a>
  );
}

/** A word that somebody gave things to find them by; one that is too long ends in dots. */
export function Tag({ children }: { children: string }) {
  return (
    <span className={classes.tag} title={children}>
      {children}
    </span>
  );
}

/** A sign to press, in a row. */
export function RowButton({ className, ...props }: ComponentProps<'button'> & { 'aria-label': string }) {
  return <button type="button" {...props} className={clsx(classes.button, className)} />;
}
