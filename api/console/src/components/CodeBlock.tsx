import clsx from 'clsx';
import classes from './CodeBlock.module.css';
import { CopyButton } from './CopyButton';

interface Props {
  code: string;
  /** What it is, for screen readers. */
  label: string;
  /** Breaks long lines, as tokens have them. */
  wrap?: boolean;
}

/** A text in fixed width that is copied with one press. */
export function CodeBlock({ code, label, wrap = false }: Props) {
  return (
    <div className={classes.block}>
      {/* It scrolls, so the keyboard must reach it. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={clsx(classes.code, wrap && classes.wrap)} tabIndex={0} role="region" aria-label={label}>
        {code}
      </pre>
      <span className={classes.copy}>
        <CopyButton value={code} />
      </span>
    </div>
  );
}
