import { Button, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Notice } from '~/components';
import { SEVERITIES } from '~/theme/states';
import { Change } from './Change';
import { isReset } from './draft';
import type { SettingsDocument } from './query';
import classes from './settings.module.css';
import { useSettingTexts } from './texts';
import type { DraftState } from './useDraft';

/** Where the bar at the end of the form leads to. */
export const ELSEWHERE = 'elsewhere';

/** Somebody else saved while this form was being filled in: what they changed, and how to go on. */
export function Elsewhere({ state, newest }: { state: DraftState; newest: SettingsDocument }) {
  const { t } = useTranslation('settings');
  const texts = useSettingTexts();
  const { elsewhere, draft } = state;
  if (elsewhere === null) return null;
  const { version } = newest;
  const fallback = (key: string) => newest.settings.find((setting) => setting.key === key)?.default;
  const own = (key: string) =>
    isReset(draft, key)
      ? t('afterReset', { value: texts.value(key, fallback(key)) })
      : texts.value(key, draft[key]);
  return (
    <Notice id={ELSEWHERE} role="alert" look={SEVERITIES.warning} title={t('elsewhere.title', { version })}>
      <Text size="sm">{elsewhere.length > 0 ? t('elsewhere.text') : t('elsewhere.nothing')}</Text>
      <ul className={classes.changes}>
        {elsewhere.map(({ key, before, after }) => (
          <li key={key}>
            {texts.label(key)}: <Change before={texts.value(key, before)} after={texts.value(key, after)} />
            {key in draft ? <strong> · {t('elsewhere.conflict', { value: own(key) })}</strong> : null}
          </li>
        ))}
      </ul>
      <Button size="compact-sm" variant="default" mt="xs" onClick={state.adopt}>
        {t('elsewhere.adopt', { version })}
      </Button>
    </Notice>
  );
}
