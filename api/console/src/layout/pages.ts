import {
  IconApi,
  IconCredentials,
  IconDashboard,
  IconImport,
  IconJobs,
  IconSettings,
  IconSystem,
  type TablerIcon,
} from '~/icons';

export interface NavPage {
  name: 'dashboard' | 'credentials' | 'import' | 'jobs' | 'settings' | 'api' | 'system';
  path: string;
  Icon: TablerIcon;
  /** Typed after `g`. */
  key: string;
}

/** The pages of the navigation, in its order. */
export const PAGES: readonly NavPage[] = [
  { name: 'dashboard', path: '/', Icon: IconDashboard, key: 'd' },
  { name: 'credentials', path: '/credentials', Icon: IconCredentials, key: 'c' },
  { name: 'import', path: '/import', Icon: IconImport, key: 'i' },
  { name: 'jobs', path: '/jobs', Icon: IconJobs, key: 'j' },
  { name: 'settings', path: '/settings', Icon: IconSettings, key: 's' },
  { name: 'api', path: '/docs', Icon: IconApi, key: 'a' },
  { name: 'system', path: '/system', Icon: IconSystem, key: 'y' },
];
