export { idempotencyKey, useJobActions } from './actions';
export { CreatedBy } from './CreatedBy';
export { CancelJob } from './CancelJob';
export { useJobSpec, useJobTitle } from './describe';
export { JobCard } from './JobCard';
export { JobItems } from './JobItems';
export {
  hasEnded,
  jobQuery,
  jobsQuery,
  PART,
  resultsUrl,
  type ItemState,
  type Job,
  type JobFilter,
} from './query';
export { useJob } from './useJob';
