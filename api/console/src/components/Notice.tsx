import { Alert } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Look } from '~/theme/states';

interface Props {
  /** For a way that leads to it. */
  id?: string;
  look: Look;
  title?: string | undefined;
  /** `status` is read out when it appears, `alert` at once; a `note` is found. */
  role: 'note' | 'status' | 'alert';
  /** Takes it away; with the label of the button. */
  close?: { label: string; onClose: () => void } | undefined;
  children?: ReactNode;
}

/** Something that has to be said on the page, in the colours of its meaning. What went wrong: `ProblemAlert`. */
export function Notice({ id, look: { tone, Icon }, title, role, close, children }: Props) {
  return (
    <Alert
      {...(id === undefined ? {} : { id })}
      role={role}
      variant="outline"
      icon={<Icon aria-hidden />}
      title={title}
      {...(close ? { withCloseButton: true, closeButtonLabel: close.label, onClose: close.onClose } : {})}
      styles={{
        root: { backgroundColor: `var(--rtm-${tone}-bg)`, borderColor: `var(--rtm-${tone}-fg)` },
        title: { color: `var(--rtm-${tone}-fg)` },
        icon: { color: `var(--rtm-${tone}-fg)` },
        closeButton: { color: `var(--rtm-${tone}-fg)` },
        message: { color: 'var(--rtm-text)' },
      }}
    >
      {children}
    </Alert>
  );
}
