export { ConfirmKeyBackup } from './ConfirmKeyBackup';
export { Layout } from './Layout';
export { useShortcut } from './shortcuts';
export { statusQuery, systemQuery, useStatus } from './status';
