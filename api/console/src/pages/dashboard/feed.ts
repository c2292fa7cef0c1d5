import type { Schemas } from '~/api';
import type { RecentEvent } from '~/query';
import { IconHistory, IconInfo, IconPause, IconResume } from '~/icons';
import { ATTEMPT_STATES, JOB_STATES, OUTCOMES, WORKER_STATES, type Look } from '~/theme/states';

/** What an event says, taken from its data; those come over the wire and may be of a newer server. */
export type Told =
  | {
      kind: 'attempt';
      look: Look;
      outcome: Schemas['OutcomeKind'] | null;
      code: string | null;
      credential: string;
    }
  | { kind: 'credential'; look: Look; credential: string }
  | { kind: 'switch'; look: Look; name: string; on: boolean; reason: string | null }
  | { kind: 'egress'; look: Look; label: string; change: 'paused' | 'held' | 'goesOn' }
  | { kind: 'worker'; look: Look; host: string; alive: boolean }
  | {
      kind: 'job';
      look: Look;
      job: string;
      done: number;
      failed: number;
      total: number | null;
      ended: boolean;
    }
  | { kind: 'settings' | 'missed'; look: Look };

const INFO: Look = { tone: 'active', Icon: IconInfo };
const EDITED: Look = { tone: 'active', Icon: IconHistory };
const ENDED: ReadonlySet<string> = new Set(['finished', 'failed', 'cancelled']);

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** `null`: nothing that people want to read. */
export function tell({ name, data }: Pick<RecentEvent, 'name' | 'data'>): Told | null {
  switch (name) {
    case 'attempt': {
      const known = text(data.outcome);
      const outcome = known !== null && known in OUTCOMES ? (known as Schemas['OutcomeKind']) : null;
      const look = outcome === null ? ATTEMPT_STATES.cancelled : OUTCOMES[outcome];
      return { kind: name, look, outcome, code: text(data.code), credential: text(data.credential) ?? '' };
    }
    case 'credential':
      return { kind: name, look: EDITED, credential: text(data.credential) ?? '' };
    case 'switch': {
      const on = data.on === true;
      const look: Look = on ? { tone: 'doubt', Icon: IconPause } : { tone: 'ok', Icon: IconResume };
      return { kind: name, look, name: text(data.name) ?? '', on, reason: text(data.reason) };
    }
    case 'egress': {
      const change = data.paused === true ? 'paused' : data.on_hold === true ? 'held' : 'goesOn';
      const look: Look =
        change === 'goesOn' ? { tone: 'ok', Icon: IconResume } : { tone: 'doubt', Icon: IconPause };
      return { kind: name, look, label: text(data.label) ?? '', change };
    }
    case 'worker': {
      const alive = data.alive === true;
      const look = WORKER_STATES[alive ? 'alive' : 'stopped'];
      return { kind: name, look, host: text(data.host) ?? '', alive };
    }
    case 'job': {
      const state = text(data.state) ?? '';
      const ended = ENDED.has(state);
      const failed = number(data.failed);
      const look = ended
        ? JOB_STATES[state === 'finished' ? (failed > 0 ? 'partial' : 'finished') : (state as 'failed')]
        : JOB_STATES.running;
      const done = number(data.done) + failed + number(data.skipped) + number(data.cancelled);
      const total = typeof data.total === 'number' ? data.total : null;
      return { kind: name, look, job: text(data.job) ?? '', done, failed, total, ended };
    }
    case 'settings':
      return { kind: name, look: EDITED };
    case 'reset':
      return { kind: 'missed', look: INFO };
    default:
      return null;
  }
}

/** Enough of an id to tell it from its neighbours. */
export function shortId(id: string): string {
  return id.length > 8 ? `…${id.slice(-6)}` : id;
}
