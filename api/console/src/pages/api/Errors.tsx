import { Stack, Table, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './api.module.css';
import { ERRORS } from './calls';

/** What each code of the public API means, and what a program does about it. */
export function Errors() {
  const { t } = useTranslation('api');
  return (
    <Stack gap="sm">
      <Text size="sm">
        {t('error.lead')} {t('error.retry')}
      </Text>
      <div className={classes.panel}>
        {/* The wide part scrolls, not the page; the keyboard reaches it. */}
        <Table.ScrollContainer
          minWidth={560}
          scrollAreaProps={{ viewportProps: { tabIndex: 0, role: 'group', 'aria-label': t('tab.errors') } }}
        >
          <Table aria-label={t('tab.errors')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('error.status')}</Table.Th>
                <Table.Th>{t('error.code')}</Table.Th>
                <Table.Th>{t('error.meaning')}</Table.Th>
                <Table.Th>{t('error.todo')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {ERRORS.map(([status, code]) => (
                <Table.Tr key={code}>
                  <Table.Td>{status}</Table.Td>
                  <Table.Td>
                    <Text span ff="monospace" size="sm">
                      {code}
                    </Text>
                  </Table.Td>
                  <Table.Td>{t(`errorMeaning.${code}`)}</Table.Td>
                  <Table.Td>{t(`errorTodo.${code}`)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </div>
    </Stack>
  );
}
