import { Button, Center, Stack, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useRouteError } from 'react-router';
import { Problem } from '~/api';
import { ProblemAlert } from '~/components';

/** What stands in the place of a page that broke, or that an update of the server has taken away. */
export function Crash() {
  const { t } = useTranslation();
  const error = useRouteError();
  const gone = error instanceof TypeError && /import|fetch/i.test(error.message);
  return (
    <Center mih="50vh" p="md">
      <Stack align="center" maw={480}>
        <Title order={1}>{t('crash.title')}</Title>
        {error instanceof Problem ? (
          <ProblemAlert problem={error} title={t('problem.loadTitle')} />
        ) : (
          <Text>{t(gone ? 'crash.updated' : 'crash.text')}</Text>
        )}
        <Button onClick={() => globalThis.location.reload()}>{t('crash.reload')}</Button>
      </Stack>
    </Center>
  );
}
