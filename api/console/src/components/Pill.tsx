import clsx from 'clsx';
import type { ReactNode } from 'react';
import type { Look } from '~/theme/states';
import classes from './Pill.module.css';
import { useHint, type Label } from './useHint';

interface Props {
  look: Look;
  children: ReactNode;
  /** Explains on hover. */
  help?: Label | undefined;
  /** Without the ground, for running text. */
  plain?: boolean;
  /** The icon turns: something is under way. */
  busy?: boolean;
}

/** A state as a sign, a word and a colour: never a colour alone. For credentials there is `StateBadge`. */
export function Pill({ look, children, help, plain = false, busy = look.tone === 'active' }: Props) {
  const { tone, Icon } = look;
  const { near, hint } = useHint(help);
  return (
    <>
      <span
        {...near}
        className={clsx(classes.pill, plain && classes.plain, busy && classes.spin)}
        style={{
          color: `var(--rtm-${tone}-fg)`,
          ...(plain ? {} : { backgroundColor: `var(--rtm-${tone}-bg)` }),
        }}
      >
        <Icon size={15} stroke={2} aria-hidden />
        {children}
      </span>
      {hint}
    </>
  );
}
