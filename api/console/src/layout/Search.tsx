import '@mantine/spotlight/styles.css';

import { useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import {
  Spotlight,
  spotlight,
  type SpotlightActionData,
  type SpotlightActionGroupData,
} from '@mantine/spotlight';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { api, unwrap } from '~/api';
import { chooseLanguage } from '~/i18n';
import { IconAutoTheme, IconCredentials, IconHelp, IconLanguage, IconSearch } from '~/icons';
import { keys } from '~/query';
import { PAGES } from './pages';

/** How many credentials are offered. */
const OFFERED = 6;

interface Props {
  /** How often it was asked for; it opens each time. */
  asked: number;
  onHelp: () => void;
}

/** Ctrl+K: pages, commands, and credentials by how their names begin. */
export default function Search({ asked, onHelp }: Props) {
  const { t, i18n } = useTranslation();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const [query, setQuery] = useState('');
  useEffect(() => {
    if (asked > 0) spotlight.open();
  }, [asked]);
  const [resting] = useDebouncedValue(query.trim(), 200);
  const found = useQuery({
    queryKey: keys.credentials({ search: resting, offered: true }),
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/credentials', {
          params: { query: { search: resting, page_size: OFFERED, sort: 'biz_id' } },
          signal,
        }),
      ),
    enabled: resting.length > 1,
    placeholderData: keepPreviousData,
  });

  const credentials: SpotlightActionData[] =
    resting.length > 1
      ? [
          ...(found.data?.items ?? []).map(({ id, biz_id, email }) => ({
            id,
            label: biz_id,
            // The server has compared already; what it found stays.
            keywords: query,
            ...(email ? { description: email } : {}),
            leftSection: <IconCredentials size={18} />,
            onClick: () => void navigate(`/credentials/${id}`),
          })),
          {
            id: 'all',
            label: t('search.all', { text: resting }),
            keywords: query,
            leftSection: <IconSearch size={18} />,
            onClick: () => void navigate(`/credentials?search=${encodeURIComponent(resting)}`),
          },
        ]
      : [];
  const groups: SpotlightActionGroupData[] = [
    {
      group: t('search.pages'),
      actions: PAGES.map(({ name, path, Icon }) => ({
        id: name,
        label: t(`nav.${name}`),
        keywords: [path, name],
        leftSection: <Icon size={18} />,
        onClick: () => void navigate(path),
      })),
    },
    { group: t('search.credentials'), actions: credentials },
    {
      group: t('search.commands'),
      actions: [
        {
          id: 'help',
          label: t('shortcuts.title'),
          leftSection: <IconHelp size={18} />,
          onClick: onHelp,
        },
        {
          id: 'language',
          label: t(i18n.language === 'zh' ? 'language.en' : 'language.zh'),
          leftSection: <IconLanguage size={18} />,
          onClick: () => void chooseLanguage(i18n.language === 'zh' ? 'en' : 'zh'),
        },
        ...(['light', 'dark', 'auto'] as const).map((scheme) => ({
          id: scheme,
          label: `${t('theme.label')}: ${t(`theme.${scheme}`)}`,
          leftSection: <IconAutoTheme size={18} />,
          onClick: () => setColorScheme(scheme),
        })),
      ],
    },
  ];
  return (
    <Spotlight
      actions={groups.filter(({ actions }) => actions.length > 0)}
      query={query}
      onQueryChange={setQuery}
      nothingFound={t('search.nothing')}
      highlightQuery
      // The frame listens: this part comes later than the first key.
      shortcut={null}
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: t('search.placeholder'),
        'aria-label': t('search.open'),
      }}
    />
  );
}
