import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, Problem, unwrap } from '~/api';
import { keys } from '~/query';
import { differences, edited, faults, rebased, reset, reverted, type Difference, type Draft } from './draft';
import type { Setting, SettingsDocument } from './query';
import { without, type Fault } from './values';

export interface DraftState {
  /** What the form shows below the draft: the version on which the draft was begun. */
  document: SettingsDocument;
  draft: Draft;
  count: number;
  faults: Readonly<Record<string, Fault>>;
  /** What the server said about keys, until they are changed again. */
  refusals: Readonly<Record<string, string>>;
  /** What somebody else has changed since the draft was begun; null: nobody saved another version. */
  elsewhere: readonly Difference[] | null;
  set: (setting: Setting, value: unknown) => void;
  reset: (setting: Setting) => void;
  revert: (key: string) => void;
  discard: () => void;
  /** Fills the form. */
  fill: (draft: Draft) => void;
  /** Goes on with the draft on the ground of what somebody else saved. */
  adopt: () => void;
  /** Saves; throws a `Problem`. */
  save: () => Promise<void>;
}

/** What is typed into the form of settings. It stays until it is saved or discarded, whatever comes in meanwhile. */
export function useDraft(newest: SettingsDocument): DraftState {
  const client = useQueryClient();
  const [draft, setDraft] = useState<Draft>({});
  const [base, setBase] = useState<SettingsDocument | null>(null);
  const [refusals, setRefusals] = useState<Readonly<Record<string, string>>>({});
  const document = base ?? newest;
  const count = Object.keys(draft).length;

  const change = (next: Draft, key: string) => {
    setDraft(next);
    // Begun here, ended here: without a draft the form follows the server.
    setBase(Object.keys(next).length > 0 ? document : null);
    setRefusals((old) => without(old, key));
  };
  const clear = () => {
    setDraft({});
    setBase(null);
    setRefusals({});
  };
  const fill = (next: Draft) => {
    setDraft(next);
    setBase(Object.keys(next).length > 0 ? newest : null);
    setRefusals({});
  };

  const saving = useMutation({
    mutationFn: () =>
      unwrap(
        api.PATCH('/api/v1/settings', {
          params: { header: { 'If-Match': `"${document.version}"` } },
          body: { ...draft },
        }),
      ),
    onSuccess: (saved) => {
      client.setQueryData(keys.settings, saved);
      clear();
      void client.invalidateQueries({ queryKey: keys.settingsHistory });
    },
    onError: (problem) => {
      if (!(problem instanceof Problem)) return;
      setRefusals(Object.fromEntries(problem.fields.map(({ field, message }) => [field, message])));
      if (problem.code === 'precondition_failed')
        void client.invalidateQueries({ queryKey: keys.settings, exact: true });
    },
  });

  return {
    document,
    draft,
    count,
    faults: faults(document.settings, draft),
    refusals,
    elsewhere: base !== null && base.version !== newest.version ? differences(base, newest) : null,
    set: (setting, value) => change(edited(draft, setting, value), setting.key),
    reset: (setting) => change(reset(draft, setting), setting.key),
    revert: (key) => change(reverted(draft, key), key),
    discard: clear,
    fill,
    adopt: () => fill(rebased(draft, newest)),
    save: async () => {
      await saving.mutateAsync();
    },
  };
}
