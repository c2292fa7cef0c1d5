import { useActorText } from '~/components';
import type { Job } from './query';

/** Who asked for a job. */
export function CreatedBy({ job }: { job: Job }) {
  return useActorText()({ actor: job.created_by, actor_kind: job.created_by_kind }).name;
}
