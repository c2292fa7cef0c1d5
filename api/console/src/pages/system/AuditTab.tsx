import { ActionIcon, Anchor, Button, Menu, Text, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import {
  CursorPager,
  DataTable,
  EmptyState,
  useActionText,
  useActorText,
  useCursor,
  useTableUrl,
  type Column,
} from '~/components';
import { useFormat, useNow } from '~/format';
import { IconDown, IconDownload, IconRefresh } from '~/icons';
import { useIsAdministrator } from '~/session';
import { AuditDetail } from './AuditDetail';
import { AuditFilterBar } from './AuditFilterBar';
import { AUDIT_FILTERS, auditFilterOf, exportPath, type AuditFilterName } from './auditFilters';
import { detailLine, targetPath, useTargetKindText } from './auditTexts';
import { auditQuery, PART, type AuditEntry, type AuditFilter } from './query';
import classes from './system.module.css';

/** Who did what to what. Nobody changes it; it can be narrowed and taken along. */
export function AuditTab() {
  const { t } = useTranslation(['system', 'common']);
  const url = useTableUrl<AuditFilterName>({ filters: AUDIT_FILTERS, defaultSort: '' });
  const minute = useNow(60);
  const filter = useMemo(() => auditFilterOf(url, minute), [url, minute]);
  const cursor = useCursor<string>(JSON.stringify(url.filters));
  const list = useQuery(auditQuery(filter, cursor.at));
  const [shown, setShown] = useState<AuditEntry | null>(null);
  const items = list.data?.items;
  return (
    <>
      <div className={classes.filters}>
        <AuditFilterBar url={url} />
      </div>
      <DataTable<AuditEntry>
        name="audit"
        label={t('tab.audit')}
        columns={useColumns(setShown)}
        rows={items}
        rowId={(row) => row.id}
        rowName={(row) => row.action}
        reading={list}
        toolbar={
          <>
            <Export filter={filter} />
            <Tooltip label={t('audit.reload')}>
              <ActionIcon aria-label={t('audit.reload')} onClick={() => void list.refetch()}>
                <IconRefresh size={17} />
              </ActionIcon>
            </Tooltip>
          </>
        }
        footer={<CursorPager cursor={cursor} next={list.data?.next} size={PART} shown={items?.length ?? 0} />}
        empty={
          url.active > 0 ? (
            <EmptyState
              kind="noMatch"
              title={t('audit.noMatch')}
              text={t('audit.noMatchHelp')}
              actions={
                <Button variant="default" onClick={url.clear}>
                  {t('common:filter.clear')}
                </Button>
              }
            />
          ) : (
            <EmptyState kind="nothing" />
          )
        }
      />
      <AuditDetail entry={shown} onClose={() => setShown(null)} />
    </>
  );
}

/** The browser streams the file to the disk; it never lies in the memory of the page. */
function Export({ filter }: { filter: AuditFilter }) {
  const { t } = useTranslation(['system', 'common']);
  const may = useIsAdministrator();
  return (
    <Menu position="bottom-start" withinPortal>
      <Menu.Target>
        <Tooltip label={may ? t('audit.exportHelp') : t('common:administratorOnly')}>
          <Button
            size="compact-sm"
            variant="default"
            disabled={!may}
            leftSection={<IconDownload size={15} aria-hidden />}
            rightSection={<IconDown size={13} aria-hidden />}
          >
            {t('audit.export')}
          </Button>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {(['csv', 'jsonl'] as const).map((format) => (
          <Menu.Item
            key={format}
            component="a"
            href={exportPath(filter, format)}
            download={`audit.${format}`}
          >
            {t(`audit.${format}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function useColumns(onShow: (entry: AuditEntry) => void): readonly Column<AuditEntry>[] {
  const { t } = useTranslation('system');
  const action = useActionText();
  const actor = useActorText();
  const kind = useTargetKindText();
  return [
    {
      key: 'at',
      title: t('audit.at'),
      fixed: true,
      render: ({ at }) => <Moment at={at} />,
    },
    {
      key: 'actor',
      title: t('audit.actor'),
      render: (entry) => {
        const { name, kind } = actor(entry);
        return (
          <>
            {name}
            {kind === null ? null : (
              <Text span size="xs" c="dimmed">
                {' '}
                {kind}
              </Text>
            )}
          </>
        );
      },
    },
    {
      key: 'action',
      title: t('audit.action'),
      fixed: true,
      render: (entry) => (
        <Anchor component="button" type="button" size="sm" onClick={() => onShow(entry)}>
          {action(entry.action)}
        </Anchor>
      ),
    },
    {
      key: 'target',
      title: t('audit.target'),
      render: (entry) => <Target entry={entry} kind={kind} />,
    },
    {
      key: 'detail',
      title: t('audit.detail'),
      ellipsis: true,
      width: 240,
      render: ({ detail }) => (
        <Text span size="sm" c="dimmed">
          {detailLine(detail)}
        </Text>
      ),
    },
    { key: 'address', title: t('audit.address'), render: ({ address }) => address ?? '' },
    {
      key: 'request_id',
      title: t('audit.requestId'),
      hidden: true,
      render: ({ request_id }) => (
        <Text span size="xs" ff="monospace">
          {request_id ?? ''}
        </Text>
      ),
    },
  ];
}

/** In a log the time itself counts; how long ago that was is told on hover. */
function Moment({ at }: { at: string }) {
  const format = useFormat();
  const seconds = (Date.parse(at) - useNow(60)) / 1000;
  return (
    <Tooltip label={format.relative(Math.min(seconds, 0))}>
      <time dateTime={at}>{format.dateTime(at)}</time>
    </Tooltip>
  );
}

/** Ids are longer; user names and labels mostly are not. */
const LONGEST_TARGET = 24;

function Target({ entry, kind }: { entry: AuditEntry; kind: (kind: string) => string }) {
  const { target, target_kind } = entry;
  if (target == null) return null;
  const path = targetPath(target_kind, target);
  // The details have all of it.
  const shown = target.length > LONGEST_TARGET ? `…${target.slice(-8)}` : target;
  return (
    <>
      <Text span size="xs" c="dimmed">
        {kind(target_kind ?? '')}{' '}
      </Text>
      {path === null ? (
        shown
      ) : (
        <Anchor component={Link} to={path} size="sm" underline="always">
          {shown}
        </Anchor>
      )}
    </>
  );
}
