import { ActionIcon, Menu, Tooltip, useMantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { chooseLanguage, LANGUAGES } from '~/i18n';
import { IconAutoTheme, IconDark, IconLanguage, IconLight } from '~/icons';

const SCHEMES = { light: IconLight, dark: IconDark, auto: IconAutoTheme } as const;

const ORDER = ['light', 'dark', 'auto'] as const;

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('language.label')}>
          <ActionIcon size="lg" aria-label={t('language.label')}>
            <IconLanguage size={20} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup
          value={i18n.language}
          onChange={(value) => void chooseLanguage(value === 'zh' ? 'zh' : 'en')}
        >
          {LANGUAGES.map((language) => (
            <Menu.RadioItem key={language} value={language} lang={language} closeMenuOnClick>
              {t(`language.${language}`)}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}

export function ThemeSwitch() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Current = SCHEMES[colorScheme];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={t('theme.label')}>
          <ActionIcon size="lg" aria-label={t('theme.label')}>
            <Current size={20} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.RadioGroup
          value={colorScheme}
          onChange={(value) => setColorScheme(ORDER.find((scheme) => scheme === value) ?? 'auto')}
        >
          {ORDER.map((scheme) => {
            const Icon = SCHEMES[scheme];
            return (
              <Menu.RadioItem
                key={scheme}
                value={scheme}
                closeMenuOnClick
                rightSection={<Icon size={16} aria-hidden />}
              >
                {t(`theme.${scheme}`)}
              </Menu.RadioItem>
            );
          })}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
