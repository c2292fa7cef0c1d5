import { Anchor, Button, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { CodeBlock } from '~/components';
import { keepPreference, readPreference } from '~/preferences';
import classes from './api.module.css';
import { CALLS, type Call } from './calls';
import { Examples } from './Examples';
import { EXAMPLE_LANGUAGES, KEY_VARIABLE, type ExampleLanguage, type Filled } from './examples';

/** `auth.public_api_prefix` where nobody has set it. The API does not tell it, so that the address can be changed here. */
const PREFIX = '/public-api';
const PREFERENCE = 'example-language';
const SOMEBODY = 'user001';

/** The calls of the public API, with this host filled in. */
export function Calls() {
  const { t } = useTranslation('api');
  const [base, setBase] = useState(globalThis.location.origin + PREFIX);
  const [bizId, setBizId] = useState(SOMEBODY);
  const [language, setLanguage] = useState<ExampleLanguage>(
    () => EXAMPLE_LANGUAGES.find((name) => name === readPreference(PREFERENCE)) ?? 'curl',
  );
  const filled: Filled = { base: base.trim().replace(/\/+$/, ''), bizId: bizId.trim() || SOMEBODY };
  const choose = (chosen: ExampleLanguage) => {
    setLanguage(chosen);
    keepPreference(PREFERENCE, chosen);
  };
  return (
    <Stack gap="md">
      <section className={classes.panel} aria-labelledby="key">
        <Title order={2} id="key" mb={4}>
          {t('auth.title')}
        </Title>
        <Text size="sm" mb="xs">
          {t('auth.text')} {t('auth.env', { name: KEY_VARIABLE })}
        </Text>
        <CodeBlock code={`export ${KEY_VARIABLE}='rtm_…'`} label={KEY_VARIABLE} />
        <Button component={Link} to="/docs?tab=keys" variant="default" size="compact-sm" mt="xs">
          {t('auth.make')}
        </Button>
      </section>
      <section className={classes.panel} aria-label={t('fill.label')}>
        <div className={classes.fill}>
          <TextInput
            label={t('fill.base')}
            description={t('fill.baseHelp')}
            value={base}
            onChange={(event) => setBase(event.currentTarget.value)}
            spellCheck={false}
          />
          <TextInput
            label={t('fill.bizId')}
            description={t('fill.bizIdHelp')}
            value={bizId}
            onChange={(event) => setBizId(event.currentTarget.value)}
            spellCheck={false}
          />
        </div>
      </section>
      <nav className={classes.contents} aria-label={t('contents')}>
        {CALLS.map(({ name }) => (
          <Anchor key={name} href={`#${name}`} inherit>
            {t(`call.${name}.title`)}
          </Anchor>
        ))}
      </nav>
      {CALLS.map((call) => (
        <OneCall key={call.name} call={call} filled={filled} language={language} onLanguage={choose} />
      ))}
      <section className={classes.panel} aria-labelledby="admin">
        <Title order={2} id="admin" mb={4}>
          {t('admin.title')}
        </Title>
        <Text size="sm">{t('admin.text')}</Text>
      </section>
    </Stack>
  );
}

interface Props {
  call: Call;
  filled: Filled;
  language: ExampleLanguage;
  onLanguage: (language: ExampleLanguage) => void;
}

function OneCall({ call, filled, language, onLanguage }: Props) {
  const { t } = useTranslation('api');
  const { name, method, path, scope, answer } = call;
  return (
    <section className={classes.call} id={name} aria-labelledby={`title-${name}`}>
      <div className={classes.column}>
        <Title order={2} id={`title-${name}`}>
          {t(`call.${name}.title`)}
        </Title>
        <div className={classes.head}>
          <span className={classes.method}>{method}</span>
          <span className={classes.path}>{new URL(filled.base + path, 'http://x').pathname}</span>
          <Text span size="xs" c="dimmed">
            {scope === null ? t('noScope') : scope === 'any' ? t('anyScope') : t('scope', { scope })}
          </Text>
        </div>
        <Text size="sm">{t(`call.${name}.text`)}</Text>
        <Parameters call={call} />
        <Text size="sm" c="dimmed" mt="xs">
          {t(`call.${name}.note`)}
        </Text>
      </div>
      <div className={classes.column}>
        <Examples call={call} filled={filled} language={language} onLanguage={onLanguage} />
        <details className={classes.answer}>
          <summary>{t('answer')}</summary>
          <CodeBlock
            code={JSON.stringify(answer(filled.bizId), null, 2)}
            wrap
            label={`${t('answer')}: ${t(`call.${name}.title`)}`}
          />
        </details>
      </div>
    </section>
  );
}

function Parameters({ call: { name, parameters } }: { call: Call }) {
  const { t } = useTranslation('api');
  if (parameters.length === 0) return null;
  return (
    <Table mt="xs" fz="sm" aria-label={`${t('parameters')}: ${t(`call.${name}.title`)}`}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('param.name')}</Table.Th>
          <Table.Th>{t('param.where')}</Table.Th>
          <Table.Th>{t('param.meaning')}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {parameters.map((parameter) => (
          <Table.Tr key={parameter.name}>
            <Table.Td className={classes.short ?? ''}>
              <Text span ff="monospace" size="sm">
                {parameter.name}
              </Text>
              {parameter.required ? (
                <Text size="xs" c="dimmed">
                  {t('param.required')}
                </Text>
              ) : null}
            </Table.Td>
            <Table.Td className={classes.short ?? ''}>{t(`param.${parameter.where}`)}</Table.Td>
            <Table.Td>{t(`parameter.${parameter.text}`)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
