import {
  ActionIcon,
  Button,
  Group,
  NativeSelect,
  NumberInput,
  Radio,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
  Tooltip,
} from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconAdd, IconClose } from '~/icons';
import type { Setting } from './query';
import { useSettingTexts } from './texts';
import { sizeOf, TIME_UNITS, timeUnitOf, unitOf, type TimeUnit } from './values';

interface Props {
  setting: Setting;
  /** What the form holds: that of the draft, else that in force. */
  value: unknown;
  onChange: (value: unknown) => void;
  invalid: boolean;
  disabled: boolean;
  /** Ids of what stands beside it: its help and its error. */
  describedBy: string;
}

/** The editor of one setting, made by what the server says about it. */
export function Editor(props: Props) {
  const { setting, value, onChange, invalid, disabled, describedBy } = props;
  const { t } = useTranslation('settings');
  const texts = useSettingTexts();
  const label = texts.label(setting.key);
  const common = { disabled, 'aria-describedby': describedBy, 'aria-label': label };
  switch (setting.type) {
    case 'boolean':
      return (
        <Switch
          {...common}
          checked={value === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
          label={<span aria-hidden>{t(value === true ? 'value.on' : 'value.off')}</span>}
        />
      );
    case 'integer':
      return <OneNumber {...props} label={label} />;
    case 'integers':
      return <Numbers {...props} label={label} />;
    case 'choice':
      return <Choice {...props} label={label} />;
    case 'text':
      return (
        <TextInput
          {...common}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onChange(event.currentTarget.value)}
          error={invalid}
          spellCheck={false}
          {...(setting.optional ? { placeholder: t('unsetHint') } : {})}
        />
      );
    default:
      // A kind of value that a later server has and this console does not know: shown, not changed.
      return <Text fw={600}>{texts.value(setting.key, value)}</Text>;
  }
}

type Labelled = Props & { label: string };

/** More words than these stand in a list. */
const RADIOS = 4;

function Choice({ setting, value, onChange, disabled, invalid, describedBy, label }: Labelled) {
  const texts = useSettingTexts();
  const words = setting.choices ?? [];
  const chosen = typeof value === 'string' ? value : null;
  if (words.length > RADIOS || setting.optional)
    return (
      <Select
        aria-label={label}
        aria-describedby={describedBy}
        data={words.map((word) => ({ value: word, label: texts.choice(setting.key, word) }))}
        value={chosen}
        onChange={(word) => onChange(word ?? '')}
        clearable={setting.optional}
        allowDeselect={setting.optional}
        disabled={disabled}
        error={invalid}
      />
    );
  return (
    <Radio.Group aria-label={label} aria-describedby={describedBy} value={chosen ?? ''} onChange={onChange}>
      <Stack gap="xs">
        {words.map((word) => (
          <Radio
            key={word}
            size="sm"
            value={word}
            disabled={disabled}
            label={texts.choice(setting.key, word)}
            description={texts.choiceHelp(setting.key, word)}
          />
        ))}
      </Stack>
    </Radio.Group>
  );
}

function OneNumber({ setting, value, onChange, label, ...rest }: Labelled) {
  return unitOf(setting.key) === 'seconds' ? (
    <Duration setting={setting} value={value} onChange={onChange} label={label} {...rest} />
  ) : (
    <Plain setting={setting} value={value} onChange={onChange} label={label} {...rest} />
  );
}

function Plain({ setting, value, onChange, label, disabled, invalid, describedBy }: Labelled) {
  const { t } = useTranslation('settings');
  const unit = unitOf(setting.key);
  return (
    <Group gap="xs" wrap="nowrap">
      <NumberInput
        w={150}
        aria-label={label}
        aria-describedby={describedBy}
        value={typeof value === 'number' ? value : ''}
        onChange={onChange}
        allowDecimal={false}
        allowNegative={false}
        thousandSeparator=","
        disabled={disabled}
        error={invalid}
        {...(setting.optional ? { placeholder: t('value.unset') } : {})}
      />
      {unit === 'none' || unit === 'seconds' ? null : <Text size="sm">{t(`unit.${unit}`)}</Text>}
    </Group>
  );
}

/** A time in the unit in which people say it; what is saved are seconds. */
function Duration({ setting, value, onChange, label, disabled, invalid, describedBy }: Labelled) {
  const { t } = useTranslation('settings');
  const seconds = typeof value === 'number' ? value : null;
  const [chosen, setUnit] = useState<TimeUnit | null>(null);
  // What was chosen holds as long as it can show the value; `90 s` cannot be said in hours.
  const fits = chosen !== null && (seconds === null || seconds % sizeOf(chosen) === 0);
  const unit = fits ? chosen : timeUnitOf(seconds ?? 0);
  const change = (number: string | number, in_: TimeUnit) =>
    onChange(typeof number === 'number' ? number * sizeOf(in_) : '');
  return (
    <Group gap="xs" wrap="nowrap">
      <NumberInput
        w={150}
        aria-label={label}
        aria-describedby={describedBy}
        value={seconds === null ? '' : seconds / sizeOf(unit)}
        onChange={(number) => {
          setUnit(unit);
          change(number, unit);
        }}
        allowDecimal={false}
        allowNegative={false}
        thousandSeparator=","
        disabled={disabled}
        error={invalid}
        {...(setting.optional ? { placeholder: t('value.unset') } : {})}
      />
      <NativeSelect
        w={104}
        aria-label={t('unit.label', { name: label })}
        data={TIME_UNITS.map(([name]) => ({ value: name, label: t(`unit.${name}`) })).reverse()}
        value={unit}
        // The number stays and means something else: `5` seconds become `5` minutes.
        onChange={(event) => {
          const next = event.currentTarget.value as TimeUnit;
          setUnit(next);
          if (seconds !== null) change(seconds / sizeOf(unit), next);
        }}
        disabled={disabled}
      />
    </Group>
  );
}

function Numbers({ setting, value, onChange, label, disabled, ...rest }: Labelled) {
  const { t } = useTranslation('settings');
  const numbers: readonly unknown[] = Array.isArray(value) ? value : [];
  const put = (at: number, number: unknown) => onChange(numbers.map((old, i) => (i === at ? number : old)));
  return (
    <Stack gap="xs" align="flex-start" role="group" aria-label={label}>
      {numbers.map((number, at) => (
        // They have no names but their places.
        <Group key={at} gap="xs" wrap="nowrap">
          <Text size="sm" c="dimmed" w={16} ta="right" aria-hidden>
            {at + 1}
          </Text>
          <OneNumber
            setting={setting}
            value={number}
            onChange={(next) => put(at, next)}
            label={t('list.nth', { name: label, n: at + 1 })}
            disabled={disabled}
            {...rest}
          />
          <Tooltip label={t('list.remove', { n: at + 1 })}>
            <ActionIcon
              aria-label={t('list.remove', { n: at + 1 })}
              onClick={() => onChange(numbers.filter((_, i) => i !== at))}
              disabled={disabled}
            >
              <IconClose size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      ))}
      {numbers.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('list.empty')}
        </Text>
      ) : null}
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconAdd size={14} aria-hidden />}
        onClick={() => onChange([...numbers, numbers.at(-1) ?? ''])}
        disabled={disabled}
      >
        {t('list.add')}
      </Button>
    </Stack>
  );
}
