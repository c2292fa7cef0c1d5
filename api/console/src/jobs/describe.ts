import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import { useFormat, type Format } from '~/format';
import type { Job } from './query';

type T = TFunction<['jobs', 'terms', 'common']>;

/** What a job does, in a few words. */
export function useJobTitle(): (job: Pick<Job, 'action'>) => string {
  const { t, i18n } = useTranslation('terms');
  return ({ action }) => {
    // The keys are open here: another version may know more actions.
    const known = i18n.exists(`jobAction.${action}`, { ns: 'terms' });
    return known ? t(`jobAction.${action}` as 'jobAction.refresh') : action;
  };
}

export type Line = readonly [name: string, value: string];

/** What was asked for, as names and values. */
export function useJobSpec(): (job: Pick<Job, 'kind' | 'spec'>) => readonly Line[] {
  const { t } = useTranslation(['jobs', 'terms', 'common']);
  const format = useFormat();
  return (job) => (job.kind === 'import' ? importSpec(t, job.spec) : bulkSpec(t, format, job.spec));
}

/** Only shown to people, so whatever it is becomes a text. */
function words(t: T, value: unknown): string {
  if (value === true) return t('common:filter.yes');
  if (value === false) return t('common:filter.no');
  if (value === null || value === '') return t('common:filter.empty');
  if (Array.isArray(value)) return value.map((each) => words(t, each)).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function importSpec(t: T, spec: Record<string, unknown>): readonly Line[] {
  const names = [
    'tag',
    'proxy_id',
    'client_id',
    'biz_id_prefix',
    'enabled',
    'refresh_now',
    'replace',
  ] as const;
  return names.flatMap((name) =>
    spec[name] === undefined ? [] : [[t(`spec.${name}`), words(t, spec[name])] as const],
  );
}

const FILTERS = [
  'search',
  'state',
  'tag',
  'plan',
  'enabled',
  'client_id',
  'proxy',
  'expires_before',
  'expires_after',
  'has_access_token',
  'deleted',
] as const;

function bulkSpec(t: T, format: Format, spec: Record<string, unknown>): readonly Line[] {
  const { selection, action } = spec;
  return [...selectionLines(t, format, selection), ...actionLines(t, action)];
}

function selectionLines(t: T, format: Format, selection: unknown): readonly Line[] {
  if (!isRecord(selection)) return [];
  if (Array.isArray(selection.ids))
    return [
      [
        t('spec.selection'),
        t('spec.chosen', { count: selection.ids.length, many: format.number(selection.ids.length) }),
      ],
    ];
  const filter = isRecord(selection.filter) ? selection.filter : {};
  const said = FILTERS.flatMap((name) => {
    const value = filter[name];
    if (value === undefined) return [];
    const shown =
      name === 'state' && Array.isArray(value)
        ? value.map((each) => t(`terms:state.${String(each) as 'idle'}`)).join(', ')
        : words(t, value);
    return [`${t(`spec.filter.${name}`)}: ${shown}`];
  });
  return [[t('spec.selection'), said.length === 0 ? t('spec.all') : said.join(' · ')]];
}

function actionLines(t: T, action: unknown): readonly Line[] {
  if (!isRecord(action)) return [];
  const names = ['canary', 'tag', 'proxy', 'proxy_id', 'client_id', 'memo'] as const;
  return names.flatMap((name) => {
    const value = action[name];
    if (value === undefined || (value === null && (name === 'proxy' || name === 'proxy_id'))) return [];
    const shown = name === 'canary' && value === null ? t('spec.noCanary') : words(t, value);
    return [[t(`spec.${name}`), shown] as const];
  });
}
