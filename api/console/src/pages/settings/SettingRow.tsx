import { Button, Text } from '@mantine/core';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Pill, useServerText } from '~/components';
import { IconEdit, IconLock, IconWarning } from '~/icons';
import { Editor } from './editors';
import type { Setting } from './query';
import classes from './settings.module.css';
import { placeName, useSettingTexts } from './texts';

interface Props {
  setting: Setting;
  /** What the draft holds of it; undefined: nothing. Null: what is saved here goes. */
  edit: unknown;
  error: string | null;
  may: boolean;
  onChange: (setting: Setting, value: unknown) => void;
  onReset: (setting: Setting) => void;
  onRevert: (key: string) => void;
}

/** One setting: what it is, its editor, and where its value comes from. */
export function SettingRow(props: Props) {
  const { setting, edit, error, may, onChange, onReset, onRevert } = props;
  const { t } = useTranslation('settings');
  const texts = useSettingTexts();
  const { key, locked } = setting;
  const label = texts.label(key);
  const ids = { help: `help ${key}`, error: `error ${key}` };
  const id = (name: keyof typeof ids) => ids[name].replace(/[ .]/g, '-');
  const goesBack = edit === null;
  const changed = edit !== undefined;
  return (
    <div className={clsx(classes.row, changed && classes.changed)} data-setting={key}>
      <div className={classes.about}>
        <Text fw={600} component="h3" size="md" className={classes.name}>
          {label}
          {changed ? (
            <Pill look={{ tone: 'active', Icon: IconEdit }} busy={false}>
              {t('changed')}
            </Pill>
          ) : null}
        </Text>
        <Text size="sm" c="dimmed" id={id('help')}>
          {texts.help(setting)}
        </Text>
        <Text size="xs" c="dimmed" ff="monospace">
          {key}
        </Text>
      </div>
      <div className={classes.editor}>
        {locked ? (
          <Text fw={600}>{texts.value(key, setting.value)}</Text>
        ) : goesBack ? (
          <Text size="sm">{t('willReset', { value: texts.value(key, setting.default) })}</Text>
        ) : (
          <Editor
            setting={setting}
            value={changed ? edit : setting.value}
            onChange={(value) => onChange(setting, value)}
            invalid={error !== null}
            disabled={!may}
            describedBy={error === null ? id('help') : `${id('help')} ${id('error')}`}
          />
        )}
        {error === null ? null : (
          <Text size="sm" c="var(--rtm-bad-fg)" id={id('error')} role="alert">
            {error}
          </Text>
        )}
        <Origin setting={setting} changed={changed} />
        {!may || locked ? null : (
          <div className={classes.actions}>
            {changed ? (
              <Button
                size="compact-xs"
                variant="subtle"
                onClick={() => onRevert(key)}
                aria-label={t('undoLabel', { name: label })}
              >
                {t('undo')}
              </Button>
            ) : null}
            {setting.saved !== null && !goesBack ? (
              <Button
                size="compact-xs"
                variant="subtle"
                title={t('reset')}
                onClick={() => onReset(setting)}
                aria-label={t('resetLabel', { name: label })}
              >
                {t('resetShort')}
              </Button>
            ) : null}
          </div>
        )}
      </div>
    </div>
  );
}

/** Where the value comes from, and why it may not be what was saved. */
function Origin({ setting, changed }: { setting: Setting; changed: boolean }) {
  const { t } = useTranslation('settings');
  const texts = useSettingTexts();
  const serverText = useServerText();
  const { key, source, place } = setting;
  const isDefault = source === 'default';
  return (
    <div className={classes.origin}>
      {source === 'environment' || source === 'flag' ? (
        <Note icon={<IconLock size={14} aria-hidden />}>
          {t(`locked.${source}`, { name: placeName(place) })}
        </Note>
      ) : (
        <span>
          {changed ? `${t('wasIs', { value: texts.value(key, setting.value) })} · ` : null}
          {t(`source.${source}`)}
          {source === 'file' ? ` ${place}` : null}
        </span>
      )}
      {isDefault ? null : <span>{t('defaultIs', { value: texts.value(key, setting.default) })}</span>}
      {setting.ignored == null ? null : (
        <Note icon={<IconWarning size={14} color="var(--rtm-doubt-fg)" aria-hidden />}>
          {t('ignored', { value: texts.value(key, setting.saved), reason: serverText(setting.ignored) })}
        </Note>
      )}
    </div>
  );
}

function Note({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <span className={classes.note}>
      {icon}
      <span>{children}</span>
    </span>
  );
}
