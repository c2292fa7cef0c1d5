import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, unwrap, type Schemas } from '~/api';
import { listOf, type Selection } from '~/components';
import { keys } from '~/query';
import type { CredentialFilter } from './query';

/** The actions of `POST /api/v1/credentials/bulk`. */
export type BulkAction = Schemas['BulkAction']['type'];

const LISTS = ['state', 'tag', 'plan', 'client_id', 'proxy'] as const;

/** The list's question as the body of a request: what stands there with commas is a list here. */
export function filtersOf(filter: CredentialFilter): Partial<Schemas['Filters']> {
  const { state, tag, plan, client_id, proxy, ...rest } = filter;
  const texts = { state, tag, plan, client_id, proxy };
  const lists = Object.fromEntries(
    LISTS.flatMap((name) => {
      const value = texts[name];
      return value === undefined ? [] : [[name, listOf(value)]];
    }),
  );
  return { ...rest, ...lists };
}

export function selectionOf(selection: Selection, filter: CredentialFilter): Schemas['Selection'] {
  if (selection.kind === 'ids') return { ids: [...selection.ids] };
  // The document tells the defaults of the filters, which the generated type takes for members that are always there.
  return { filter: filtersOf(filter) as Schemas['Filters'] };
}

interface Wish {
  selection: Schemas['Selection'];
  action: Schemas['BulkAction'];
  /** Sent twice, it is done once. */
  key: string;
}

/** Starts a job over many credentials. */
export function useBulk() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ selection, action, key }: Wish) =>
      unwrap(
        api.POST('/api/v1/credentials/bulk', {
          params: { header: { 'Idempotency-Key': key } },
          body: { selection, action },
        }),
      ),
    onSuccess: (job) => client.setQueryData(keys.job(job.id), job),
    onSettled: () => client.invalidateQueries({ queryKey: keys.jobs() }),
  });
}
