import { Anchor } from '@mantine/core';
import { Link } from 'react-router';
import { IconBack } from '~/icons';

/** Leads up, from one thing to the list of them; for `back` of `PageHeader`. */
export function BackLink({ to, children }: { to: string; children: string }) {
  return (
    // High enough for a finger.
    <Anchor
      component={Link}
      to={to}
      size="sm"
      w="fit-content"
      display="inline-flex"
      mih={24}
      style={{ gap: 4 }}
    >
      <IconBack size={14} aria-hidden style={{ alignSelf: 'center' }} />
      {children}
    </Anchor>
  );
}
