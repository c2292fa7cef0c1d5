import type { Selection } from '~/components';
import type { CredentialFilter } from './query';

/** The actions of `POST /api/v1/credentials/bulk`. */
export const BULK_ACTIONS = [
  'refresh',
  'enable',
  'disable',
  'tag',
  'proxy',
  'client_id',
  'export',
  'delete',
] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

interface Bulk {
  /** Whether the server can do it. */
  available: boolean;
  /**
   * Starts the job: `{"selection": {"ids": […]} | {"filter": {…}}, "action": {…}}` → 202 with the job's `Location`.
   */
  start: (action: BulkAction) => void;
}

/**
 * What is done with many at once. Each is a job of the server, so this only starts it and shows where it runs.
 *
 * The API for it is not there yet: the bar is shown with its actions switched off. What is to be filled in is `start`.
 */
// eslint-disable-next-line @typescript-eslint/no-unused-vars -- the signature is what callers build on
export function useBulk(_selection: Selection, _filter: CredentialFilter): Bulk {
  return { available: false, start: () => undefined };
}
