import { useQueries, useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Schemas } from '~/api';
import { facetsQuery, type CredentialFilter } from './query';

type Facets = Schemas['FacetsView'];

/** The filters whose values are counted. */
const COUNTED = ['state', 'enabled', 'tag', 'plan', 'client_id'] as const;
export type Counted = (typeof COUNTED)[number];

const data = (results: UseQueryResult<Facets>[]) => results.map((result) => result.data);

/**
 * For each filter, how credentials are spread among what the other filters leave. With its own values it would only offer
 * what is chosen already.
 */
export function useFacets(filter: CredentialFilter): (name: Counted) => Facets | undefined {
  const all = useQuery(facetsQuery(filter)).data;
  const set = COUNTED.filter((name) => filter[name] !== undefined);
  const others = useQueries({
    queries: set.map((name) => facetsQuery({ ...filter, [name]: undefined })),
    combine: data,
  });
  const names = set.join();
  return useMemo(
    () => (name) => {
      const at = names.split(',').indexOf(name);
      return at < 0 ? all : others[at];
    },
    [all, others, names],
  );
}
