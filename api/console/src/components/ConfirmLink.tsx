import { Anchor } from '@mantine/core';
import { useState } from 'react';
import { ConfirmDialog, type ConfirmDialogProps } from './ConfirmDialog';

interface Props extends Omit<ConfirmDialogProps, 'opened' | 'onClose'> {
  label: string;
  className?: string | undefined;
}

/** Does something from within a text, after it was asked about. */
export function ConfirmLink({ label, className = '', ...dialog }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Anchor
        component="button"
        type="button"
        size="sm"
        className={className}
        onClick={() => setAsking(true)}
      >
        {label}
      </Anchor>
      <ConfirmDialog {...dialog} opened={asking} onClose={() => setAsking(false)} />
    </>
  );
}
