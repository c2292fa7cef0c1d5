export { newQueryClient } from './client';
export { keys } from './keys';
export { LiveProvider, useLive } from './LiveProvider';
export type { LiveState } from './live';
