export { newQueryClient } from './client';
export { keys } from './keys';
export { LiveProvider, useLive, useRecentEvents } from './LiveProvider';
export type { LiveState } from './live';
export type { RecentEvent } from './recent';
