import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
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
  const { t } = useTranslation('terms');
  const look = credentialLook(state, enabled);
  const shown = look.tone === 'off' ? 'disabled' : state;
  return (
    <Pill look={look} help={t(`stateHelp.${shown}`)}>
      {t(`state.${shown}`)}
      {reason ? ` · ${t(`heldReason.${reason}`)}` : null}
    </Pill>
  );
}
