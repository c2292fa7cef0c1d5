import type { Schemas } from '~/api';

export const NO_USES: Schemas['Uses'] = { count: 0, more: false };

/** What an answer says that tells of users and not how many. */
export const SOME_USES: Schemas['Uses'] = { count: 1, more: true };
