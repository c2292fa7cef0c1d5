import { Button, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { memo, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import {
  CursorPager,
  DataTable,
  EmptyState,
  FilterBar,
  PageHeader,
  useCursor,
  useSelection,
  useTableUrl,
} from '~/components';
import { useNow } from '~/format';
import { IconAdd, IconDelete, IconImport } from '~/icons';
import { JobCard } from '~/jobs';
import { useIsAdministrator } from '~/session';
import { BulkBar } from './BulkBar';
import { useCredentialColumns } from './columns';
import { CreateDialog } from './CreateDialog';
import { useCredentialFilters } from './filters';
import { filterOf, FILTERS, listQuery, type Credential, type FilterName } from './query';
import { useFacets } from './useFacets';

export function Component() {
  const { t } = useTranslation('credentials');
  const url = useTableUrl<FilterName>({ filters: FILTERS, defaultSort: '-id' });
  const minute = useNow(60);
  const filter = useMemo(() => filterOf(url, minute), [url, minute]);
  // What is behind the last page that has a number, or behind the end of a search that found too little.
  const cursor = useCursor<string>(
    JSON.stringify([url.search, url.filters, url.sort, url.page, url.pageSize]),
  );
  const list = useQuery(listQuery(filter, url, cursor.at));
  const next = list.data?.next ?? null;
  const incomplete = list.data?.incomplete ?? false;
  const selection = useSelection(JSON.stringify([url.search, url.filters]));
  const deleted = url.filters.deleted === 'true';
  const [creating, { open: create, close }] = useDisclosure(false);
  const may = useIsAdministrator();
  // What was begun here stays in sight, the newest first.
  const [jobs, setJobs] = useState<readonly string[]>([]);
  const matching = { count: list.data?.total ?? 0, more: list.data?.total_is_more ?? false };

  return (
    <>
      <PageHeader title={t('title')} actions={<Actions may={may} onCreate={create} />} />
      <div style={{ marginBottom: 'var(--mantine-spacing-sm)' }}>
        <FilterBar
          search={{
            value: url.search,
            label: t('searchLabel'),
            placeholder: t('searchPlaceholder'),
            onChange: (search) => url.set({ search }),
          }}
          filters={useCredentialFilters(useFacets(filter))}
          values={url.filters}
          onChange={(name, value) => url.set({ [name as FilterName]: value })}
          onClear={url.clear}
          active={url.active}
        />
      </div>
      {jobs.length > 0 ? (
        <Stack gap="xs" mb="sm">
          {jobs.map((id) => (
            <JobCard key={id} id={id} onDismiss={() => setJobs((all) => all.filter((each) => each !== id))} />
          ))}
        </Stack>
      ) : null}
      <DataTable<Credential>
        name="credentials"
        label={t('title')}
        columns={useCredentialColumns(deleted)}
        rows={list.data?.items}
        rowId={(row) => row.id}
        rowName={(row) => row.biz_id}
        reading={list}
        sort={url.sort}
        onSort={(sort) => url.set({ sort })}
        selection={selection}
        bulk={
          <BulkBar
            selection={selection}
            filter={filter}
            matching={matching}
            deleted={deleted}
            onStarted={(job) => setJobs((all) => [job, ...all].slice(0, 5))}
          />
        }
        toolbar={
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconDelete size={15} />}
            onClick={() => url.set({ deleted: deleted ? null : 'true' })}
          >
            {t(deleted ? 'live' : 'deleted')}
          </Button>
        }
        paging={{
          page: url.page,
          pageSize: url.pageSize,
          total: matching.count,
          more: matching.more,
          onPage: url.setPage,
          onPageSize: url.setPageSize,
          incomplete,
          onFurther: next === null ? undefined : () => cursor.next(next),
        }}
        footer={
          cursor.part > 0 ? (
            <CursorPager
              cursor={cursor}
              next={next}
              size={url.pageSize}
              shown={list.data?.items.length ?? 0}
              uncounted
            />
          ) : undefined
        }
        empty={
          <Nothing
            kind={incomplete ? 'notYet' : deleted ? 'deleted' : url.active > 0 ? 'noMatch' : 'nothing'}
            may={may}
            onCreate={create}
            onClear={url.clear}
          />
        }
      />
      <CreateDialog opened={creating} onClose={close} />
    </>
  );
}

const Actions = memo(({ may, onCreate }: { may: boolean; onCreate: () => void }) => {
  const { t } = useTranslation('credentials');
  return (
    <>
      <Button
        component={Link}
        to="/import"
        variant="default"
        leftSection={<IconImport size={16} />}
        disabled={!may}
      >
        {t('import')}
      </Button>
      <Button leftSection={<IconAdd size={16} />} onClick={onCreate} disabled={!may}>
        {t('new')}
      </Button>
    </>
  );
});
Actions.displayName = 'Actions';

interface NothingProps {
  /** `notYet`: the search ended before it found one. */
  kind: 'nothing' | 'noMatch' | 'deleted' | 'notYet';
  may: boolean;
  onCreate: () => void;
  onClear: () => void;
}

/** Nothing yet, and nothing that matches, are different news. */
function Nothing({ kind, may, onCreate, onClear }: NothingProps) {
  const { t } = useTranslation(['credentials', 'common']);
  if (kind === 'notYet')
    return <EmptyState kind="noMatch" title={t('notYet.title')} text={t('notYet.text')} />;
  if (kind === 'deleted') return <EmptyState kind="nothing" title={t('noDeleted')} />;
  if (kind === 'noMatch') {
    return (
      <EmptyState
        kind="noMatch"
        title={t('noMatch.title')}
        text={t('noMatch.text')}
        actions={
          <Button variant="default" onClick={onClear}>
            {t('common:filter.clear')}
          </Button>
        }
      />
    );
  }
  return (
    <EmptyState
      kind="nothing"
      title={t('empty.title')}
      text={t('empty.text')}
      actions={may ? <Actions may={may} onCreate={onCreate} /> : null}
    />
  );
}
