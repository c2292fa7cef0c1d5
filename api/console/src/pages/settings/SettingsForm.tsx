import { Button, Stack, Text, Title, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useTranslation } from 'react-i18next';
import { EmptyState, FilterBar, useServerText, useTableUrl } from '~/components';
import { useIsAdministrator } from '~/session';
import { grouped } from './groups';
import { Elsewhere, ELSEWHERE } from './Elsewhere';
import type { SettingsDocument } from './query';
import { ReviewDialog } from './ReviewDialog';
import { SettingRow } from './SettingRow';
import classes from './settings.module.css';
import { matches, useSettingTexts } from './texts';
import type { DraftState } from './useDraft';

const FILTERS = ['source'] as const;
const SOURCES = ['default', 'file', 'database', 'environment', 'flag'] as const;

/** All settings in sections, with a search, and a bar that leads to saving as soon as something is changed. */
export function SettingsForm({ state, newest }: { state: DraftState; newest: SettingsDocument }) {
  const { t } = useTranslation(['settings', 'common']);
  const texts = useSettingTexts();
  const serverText = useServerText();
  const may = useIsAdministrator();
  const url = useTableUrl({ filters: FILTERS, defaultSort: '' });
  const { document, draft, faults, refusals } = state;
  const sources = url.filters.source?.split(',');
  const shown = document.settings.filter(
    (setting) =>
      matches(setting, url.search, texts) && (sources === undefined || sources.includes(setting.source)),
  );
  const errorOf = (key: string) => {
    const [fault, refusal] = [faults[key], refusals[key]];
    if (fault !== undefined) return texts.fault(key, fault);
    return refusal === undefined ? null : serverText(refusal);
  };

  return (
    <Stack gap="md">
      <FilterBar
        search={{
          value: url.search,
          label: t('search.label'),
          placeholder: t('search.placeholder'),
          onChange: (search) => url.set({ search }),
        }}
        filters={[
          {
            name: 'source',
            label: t('filter.source'),
            multiple: true,
            options: SOURCES.map((value) => ({
              value,
              label: t(`source.${value}`),
              count: String(document.settings.filter(({ source }) => source === value).length),
            })),
          },
        ]}
        values={url.filters}
        onChange={(_, value) => url.set({ source: value })}
        onClear={url.clear}
        active={url.active}
      >
        <Text size="sm" c="dimmed" role="status">
          {t('search.count', { count: shown.length })}
        </Text>
      </FilterBar>
      <Elsewhere state={state} newest={newest} />
      {grouped(shown).map(([name, settings]) => (
        <section key={name} className={classes.section} aria-labelledby={`group-${name}`}>
          <div className={classes.head}>
            <Title order={2} id={`group-${name}`}>
              {t(`group.${name}`)}
            </Title>
            <Text size="sm" c="dimmed">
              {t(`groupHelp.${name}`)}
            </Text>
          </div>
          {settings.map((setting) => (
            <SettingRow
              key={setting.key}
              setting={setting}
              edit={draft[setting.key]}
              error={errorOf(setting.key)}
              may={may}
              onChange={state.set}
              onReset={state.reset}
              onRevert={state.revert}
            />
          ))}
        </section>
      ))}
      {shown.length === 0 ? (
        <EmptyState
          kind="noMatch"
          title={t('search.none')}
          actions={
            <Button variant="default" onClick={url.clear}>
              {t('common:filter.clear')}
            </Button>
          }
        />
      ) : null}
      <SaveBar state={state} newest={newest} onFind={(key) => find(key, url.clear)} />
    </Stack>
  );
}

/** Leads to a setting; where the search hides it, the search gives way. */
function find(key: string, unhide: () => void): void {
  const row = () => document.querySelector<HTMLElement>(`[data-setting="${key}"]`);
  if (row() === null) unhide();
  // Drawn anew first.
  requestAnimationFrame(() => {
    row()?.scrollIntoView({ block: 'center' });
    row()?.querySelector<HTMLElement>('input, button')?.focus({ preventScroll: true });
  });
}

interface BarProps {
  state: DraftState;
  newest: SettingsDocument;
  onFind: (key: string) => void;
}

function SaveBar({ state, newest, onFind }: BarProps) {
  const { t } = useTranslation('settings');
  const [reviewing, { open, close }] = useDisclosure(false);
  const { count, faults, refusals, elsewhere } = state;
  const wrong = [...new Set([...Object.keys(faults), ...Object.keys(refusals)])];
  const first = wrong[0];
  const blocked = Object.keys(faults).length > 0 || elsewhere !== null;
  return (
    <>
      {count > 0 ? (
        <div className={classes.bar} role="region" aria-label={t('bar.label')}>
          <strong role="status">{t('bar.changes', { count })}</strong>
          {first === undefined ? null : (
            <Button size="compact-sm" variant="subtle" c="var(--rtm-bad-fg)" onClick={() => onFind(first)}>
              {t('bar.faults', { count: wrong.length })}
            </Button>
          )}
          {elsewhere === null ? null : (
            <Button
              size="compact-sm"
              variant="subtle"
              c="var(--rtm-doubt-fg)"
              onClick={() => document.getElementById(ELSEWHERE)?.scrollIntoView({ block: 'center' })}
            >
              {t('bar.elsewhere', { version: newest.version })}
            </Button>
          )}
          <span className={classes.space} />
          <Button variant="default" onClick={state.discard}>
            {t('bar.discard')}
          </Button>
          <Tooltip label={t('elsewhere.first')} disabled={elsewhere === null}>
            <Button onClick={open} disabled={blocked}>
              {t('bar.review')}
            </Button>
          </Tooltip>
        </div>
      ) : null}
      <ReviewDialog opened={reviewing && count > 0} onClose={close} state={state} />
    </>
  );
}
