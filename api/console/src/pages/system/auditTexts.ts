import { useTranslation } from 'react-i18next';
import { TARGET_KINDS } from './auditFilters';

export function useTargetKindText(): (kind: string) => string {
  const { t } = useTranslation('system');
  return (kind) => {
    const known = TARGET_KINDS.find((each) => each === kind);
    return known === undefined ? kind : t(`target.${known}`);
  };
}

/** Where the target of a deed is shown, if there is such a place. */
export function targetPath(kind: string | null | undefined, target: string): string | null {
  switch (kind) {
    case 'credential':
      return `/credentials/${target}`;
    case 'job':
      return `/jobs/${target}`;
    case 'user':
      return '/system?tab=people';
    case 'settings':
      return '/settings';
    default:
      return null;
  }
}

/** What more there is to say, on one line. */
export function detailLine(detail: Readonly<Record<string, unknown>>): string {
  return Object.entries(detail)
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' · ');
}
