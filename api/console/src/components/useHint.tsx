import { Tooltip } from '@mantine/core';
import { useState, type PointerEvent, type ReactNode } from 'react';

/** Something that takes its time to write is written when it is asked for. */
export type Label = string | (() => string);

interface Hint {
  /** For the element that is pointed at. */
  near: {
    onPointerEnter?: (event: PointerEvent<HTMLElement>) => void;
    onPointerLeave?: () => void;
  };
  /** Stands beside it. */
  hint: ReactNode;
}

/** An explanation that is made when somebody points there. A table has hundreds of them, and each costs more than its cell. */
export function useHint(label: Label | undefined): Hint {
  const [target, setTarget] = useState<HTMLElement | null>(null);
  if (label === undefined) return { near: {}, hint: null };
  return {
    near: {
      onPointerEnter: ({ currentTarget }) => setTarget(currentTarget),
      onPointerLeave: () => setTarget(null),
    },
    hint:
      target === null ? null : (
        <Tooltip label={typeof label === 'string' ? label : label()} target={target} opened />
      ),
  };
}
