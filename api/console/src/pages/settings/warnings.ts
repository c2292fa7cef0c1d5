import type { TFunction } from 'i18next';
import type { Draft } from './draft';
import type { Setting } from './query';
import type { SettingTexts } from './texts';

/** So much faster is worth a word. */
const MUCH_FASTER = 2;

/** What somebody should know before these changes are saved. */
export function warnings(
  settings: readonly Setting[],
  draft: Draft,
  texts: SettingTexts,
  t: TFunction<'settings'>,
): readonly string[] {
  return settings.flatMap((setting) => {
    const { key, value: before } = setting;
    if (!(key in draft)) return [];
    // What the file holds below is not known here: then the default stands for it.
    const after = draft[key] ?? setting.default;
    const name = texts.label(key);
    const numbers = typeof before === 'number' && typeof after === 'number';
    if (key === 'refresh.auto' && after === false) return [t('warning.autoOff')];
    if (key === 'refresh.in_doubt_policy' && after === 'immediate') return [t('warning.immediate')];
    if (key === 'openai.client_id') return [t('warning.clientId')];
    if (key.startsWith('retention.') && numbers && after < before)
      return [t('warning.shorter', { name, value: texts.value(key, after) })];
    if (key === 'refresh.rate_per_second' && numbers && after >= before * MUCH_FASTER)
      return [t('warning.pace', { name })];
    return [];
  });
}
