import type { Schemas } from '~/api';
import {
  IconCancelled,
  IconCritical,
  IconDead,
  IconDisabled,
  IconDoubt,
  IconFailed,
  IconHealthy,
  IconHeld,
  IconInfo,
  IconPending,
  IconQueued,
  IconWarning,
  IconWorking,
  type TablerIcon,
} from '~/icons';

/** The seven meanings that a colour has, on every page (tokens.css). */
export type Tone = 'ok' | 'active' | 'wait' | 'doubt' | 'held' | 'bad' | 'off';

export interface Look {
  tone: Tone;
  Icon: TablerIcon;
}

type StateName = Schemas['StateName'];
type OutcomeKind = Schemas['OutcomeKind'];

/** A credential that is disabled looks so whatever its state, unless somebody has to act on the state. */
export function credentialLook(state: StateName, enabled: boolean): Look {
  if (!enabled && (state === 'idle' || state === 'queued')) return { tone: 'off', Icon: IconDisabled };
  return STATES[state];
}

export const STATES: Record<StateName, Look> = {
  idle: { tone: 'ok', Icon: IconHealthy },
  queued: { tone: 'wait', Icon: IconQueued },
  refreshing: { tone: 'active', Icon: IconWorking },
  in_doubt: { tone: 'doubt', Icon: IconDoubt },
  held: { tone: 'held', Icon: IconHeld },
  dead: { tone: 'bad', Icon: IconDead },
};

export const OUTCOMES: Record<OutcomeKind, Look> = {
  rotated: { tone: 'ok', Icon: IconHealthy },
  not_sent: { tone: 'off', Icon: IconCancelled },
  transient: { tone: 'doubt', Icon: IconWarning },
  held: { tone: 'held', Icon: IconHeld },
  rejected: { tone: 'bad', Icon: IconDead },
  ambiguous: { tone: 'doubt', Icon: IconDoubt },
  abandoned_unsent: { tone: 'off', Icon: IconCancelled },
  abandoned: { tone: 'doubt', Icon: IconDoubt },
  superseded: { tone: 'off', Icon: IconCancelled },
};

export const ATTEMPT_STATES: Record<Schemas['AttemptState'], Look> = {
  queued: { tone: 'wait', Icon: IconQueued },
  refreshing: { tone: 'active', Icon: IconWorking },
  finished: { tone: 'ok', Icon: IconHealthy },
  cancelled: { tone: 'off', Icon: IconCancelled },
};

export const SEVERITIES: Record<Schemas['Severity'] | 'ok', Look> = {
  ok: { tone: 'ok', Icon: IconHealthy },
  notice: { tone: 'active', Icon: IconInfo },
  warning: { tone: 'doubt', Icon: IconWarning },
  critical: { tone: 'bad', Icon: IconCritical },
};

export const WORKER_STATES: Record<Schemas['WorkerState'], Look> = {
  alive: { tone: 'ok', Icon: IconHealthy },
  stopped: { tone: 'off', Icon: IconCancelled },
  vanished: { tone: 'bad', Icon: IconFailed },
};

export const KEY_STATES: Record<Schemas['KeyStatus'], Look> = {
  active: { tone: 'ok', Icon: IconHealthy },
  disabled: { tone: 'off', Icon: IconDisabled },
  expired: { tone: 'doubt', Icon: IconQueued },
  revoked: { tone: 'bad', Icon: IconFailed },
};

export const CIRCUITS: Record<Schemas['Circuit'], Look> = {
  closed: { tone: 'ok', Icon: IconHealthy },
  open: { tone: 'bad', Icon: IconFailed },
  half_open: { tone: 'doubt', Icon: IconPending },
};

/** What a job is at the moment; `partial`: it has finished, and something in it failed. */
export type JobLook = Schemas['JobState'] | 'partial';

export const JOB_STATES: Record<JobLook, Look> = {
  waiting: { tone: 'wait', Icon: IconQueued },
  running: { tone: 'active', Icon: IconWorking },
  cancelling: { tone: 'wait', Icon: IconPending },
  cancelled: { tone: 'off', Icon: IconCancelled },
  finished: { tone: 'ok', Icon: IconHealthy },
  partial: { tone: 'doubt', Icon: IconWarning },
  failed: { tone: 'bad', Icon: IconFailed },
};

export const ITEM_STATES: Record<Schemas['ItemState'], Look> = {
  waiting: { tone: 'wait', Icon: IconQueued },
  running: { tone: 'active', Icon: IconWorking },
  done: { tone: 'ok', Icon: IconHealthy },
  failed: { tone: 'bad', Icon: IconFailed },
  skipped: { tone: 'off', Icon: IconCancelled },
  cancelled: { tone: 'off', Icon: IconDisabled },
};
