import type { Schemas } from '~/api';
import { useTexts } from '~/i18n/texts';

type Deed = Pick<Schemas['AuditEntry'], 'actor' | 'actor_kind'>;

const KINDS = ['user', 'key', 'command_line', 'system'] as const;

interface ActorText {
  name: string;
  /** What it is, where the name alone does not tell. */
  kind: string | null;
}

/** Who did something. Of the command line and the system there is one each, so they go by what they are. */
export function useActorText(): (deed: Deed) => ActorText {
  const { t } = useTexts();
  return ({ actor, actor_kind }) => {
    const known = KINDS.find((kind) => kind === actor_kind);
    const kind = known === undefined ? actor_kind : t(`terms:actorKind.${known}`);
    if (known === 'user') return { name: actor, kind: null };
    if (known === 'command_line' || known === 'system') return { name: kind, kind: null };
    return { name: actor, kind };
  };
}
