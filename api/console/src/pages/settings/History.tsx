import { Badge, Button, Center, Group, Loader, Text, Tooltip } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { EmptyState, LoadProblem, notify, RelativeTime } from '~/components';
import { IconHistory } from '~/icons';
import { useIsAdministrator } from '~/session';
import { Change } from './Change';
import { restoring } from './draft';
import { historyQuery, type SettingsDocument, type SettingsVersion } from './query';
import classes from './settings.module.css';
import { useSettingTexts } from './texts';
import type { DraftState } from './useDraft';

interface Props {
  state: DraftState;
  newest: SettingsDocument;
  /** The form has been filled: it is to be shown. */
  onFilled: () => void;
}

/** Who saved what, and when; and the way back to what was saved before. */
export function History({ state, newest, onFilled }: Props) {
  const { t } = useTranslation(['settings', 'common']);
  const texts = useSettingTexts();
  const history = useInfiniteQuery(historyQuery);
  const versions = history.data?.pages.flatMap(({ items }) => items) ?? [];

  const restore = (version: number) => {
    const { draft, locked } = restoring(newest, versions, version);
    const count = Object.keys(draft).length;
    if (locked.length > 0)
      notify.failed(t('history.lockedKept', { names: locked.map(texts.label).join(', ') }));
    if (count === 0) {
      notify.done(t('history.sameNow', { version }));
      return;
    }
    state.fill(draft);
    notify.done(t('history.restored', { count, version }));
    onFilled();
  };

  const again = () => void (history.isFetchNextPageError ? history.fetchNextPage() : history.refetch());
  if (history.error && history.data === undefined)
    return <LoadProblem problem={history.error} shown={false} retry={again} />;
  if (history.isPending)
    return (
      <Center mih={220} aria-busy>
        <Loader size="sm" />
      </Center>
    );
  if (versions.length === 0)
    return <EmptyState kind="nothing" title={t('history.empty')} text={t('history.emptyText')} />;
  return (
    <>
      <LoadProblem problem={history.error} shown retry={again} />
      <section className={classes.section} aria-label={t('tab.history')}>
        {versions.map((version) => (
          <Version
            key={version.version}
            version={version}
            current={version.version === newest.version}
            blocked={state.count > 0}
            onRestore={() => restore(version.version)}
          />
        ))}
      </section>
      {history.hasNextPage ? (
        <Center mt="sm">
          <Button
            variant="default"
            loading={history.isFetchingNextPage}
            onClick={() => void history.fetchNextPage()}
          >
            {t('history.more')}
          </Button>
        </Center>
      ) : null}
    </>
  );
}

interface VersionProps {
  version: SettingsVersion;
  current: boolean;
  /** Something is typed into the form already. */
  blocked: boolean;
  onRestore: () => void;
}

function Version({
  version: { version, saved_by, saved_at, changes },
  current,
  blocked,
  onRestore,
}: VersionProps) {
  const { t } = useTranslation(['settings', 'common']);
  const texts = useSettingTexts();
  const may = useIsAdministrator();
  // In the history null is: nothing was saved here.
  const shown = (key: string, value: unknown) =>
    value === null ? t('history.noSaved') : texts.value(key, value);
  const why = may ? t('history.busyForm') : t('common:administratorOnly');
  return (
    <article className={classes.version} aria-label={t('history.version', { version })}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <strong>{t('history.version', { version })}</strong>
          {current ? <Badge color="gray">{t('history.current')}</Badge> : null}
          <Text size="sm" c="dimmed">
            {t('history.by', { name: saved_by })} · <RelativeTime at={saved_at} />
          </Text>
        </Group>
        {current ? null : (
          <Tooltip label={why} disabled={may && !blocked}>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconHistory size={14} aria-hidden />}
              disabled={!may || blocked}
              onClick={onRestore}
              aria-label={t('history.restoreLabel', { version })}
            >
              {t('history.restore')}
            </Button>
          </Tooltip>
        )}
      </Group>
      <ul className={classes.changes}>
        {Object.entries(changes).map(([key, { from, to }]) => (
          <li key={key} title={key}>
            {texts.label(key)}: <Change before={shown(key, from)} after={shown(key, to)} />
          </li>
        ))}
      </ul>
    </article>
  );
}
