import type { Schemas } from '~/api';
import { useTexts } from '~/i18n/texts';
import { credentialLook } from '~/theme/states';
import { Pill } from './Pill';

interface Props {
  state: Schemas['StateName'];
  enabled?: boolean;
  /** What a held credential waits for. */
  reason?: Schemas['HeldReason'] | null | undefined;
}

/** The state of a credential. A disabled one that needs nobody says so instead of its state. */
export function StateBadge({ state, enabled = true, reason }: Props) {
  const { t } = useTexts();
  const look = credentialLook(state, enabled);
  const shown = look.tone === 'off' ? 'disabled' : state;
  return (
    <Pill look={look} help={() => t(`terms:stateHelp.${shown}`)}>
      {t(`terms:state.${shown}`)}
      {reason ? ` · ${t(`terms:heldReason.${reason}`)}` : null}
    </Pill>
  );
}
