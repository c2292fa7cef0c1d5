import { Tabs } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CodeBlock } from '~/components';
import type { Call } from './calls';
import { example, EXAMPLE_LANGUAGES, type ExampleLanguage, type Filled } from './examples';

/** What the languages are called everywhere. */
const NAMES: Record<ExampleLanguage, string> = { curl: 'curl', python: 'Python', javascript: 'JavaScript' };

interface Props {
  call: Call;
  filled: Filled;
  language: ExampleLanguage;
  onLanguage: (language: ExampleLanguage) => void;
}

/** One call in three languages; the choice holds for all calls of the page. */
export function Examples({ call, filled, language, onLanguage }: Props) {
  const { t } = useTranslation('api');
  return (
    <Tabs
      value={language}
      onChange={(name) => onLanguage(EXAMPLE_LANGUAGES.find((each) => each === name) ?? 'curl')}
      keepMounted={false}
    >
      <Tabs.List aria-label={t('language.label')} mb="xs">
        {EXAMPLE_LANGUAGES.map((name) => (
          <Tabs.Tab key={name} value={name} py={6}>
            {NAMES[name]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {EXAMPLE_LANGUAGES.map((name) => (
        <Tabs.Panel key={name} value={name}>
          <CodeBlock
            code={example(name, call, filled)}
            label={`${NAMES[name]}: ${t(`call.${call.name}.title`)}`}
            wrap
          />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
