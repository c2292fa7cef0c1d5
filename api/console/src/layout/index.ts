export { Layout } from './Layout';
export { useShortcut } from './shortcuts';
export { statusQuery, useStatus } from './status';
