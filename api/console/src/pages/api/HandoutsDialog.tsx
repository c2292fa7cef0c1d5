import { Anchor, Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Schemas } from '~/api';
import {
  CursorPager,
  DataTable,
  EmptyState,
  RelativeTime,
  useCloseLabel,
  useCursor,
  type Column,
} from '~/components';
import { useFormat } from '~/format';
import { AT_ONCE, handoutsQuery } from './query';

type HandOut = Schemas['HandOut'];

/** Whose tokens are asked about: a key, or `configured`. */
export interface Asked {
  id: string;
  name: string;
}

/** Which tokens a key was given, and how often. */
export function HandoutsDialog({ asked, onClose }: { asked: Asked | null; onClose: () => void }) {
  const { t } = useTranslation('api');
  const title = asked ? t('keys.handoutsTitle', { name: asked.name }) : '';
  return (
    <Modal
      opened={asked !== null}
      onClose={onClose}
      size="xl"
      title={title}
      closeButtonProps={useCloseLabel()}
    >
      {asked ? <Body id={asked.id} title={title} /> : null}
    </Modal>
  );
}

function Body({ id, title }: { id: string; title: string }) {
  const { t } = useTranslation('api');
  const cursor = useCursor<string>(id);
  const list = useQuery(handoutsQuery(id, cursor.at));
  const items = list.data?.items;
  return (
    <DataTable<HandOut>
      name="key-handouts"
      label={title}
      columns={useColumns()}
      rows={items}
      rowId={({ credential_id, kind }) => `${credential_id} ${kind}`}
      rowName={({ credential_id }) => credential_id}
      reading={list}
      footer={
        <CursorPager cursor={cursor} next={list.data?.next} size={AT_ONCE} shown={items?.length ?? 0} />
      }
      empty={<EmptyState kind="nothing" title={t('keys.handoutsEmpty')} />}
    />
  );
}

function useColumns(): readonly Column<HandOut>[] {
  const { t } = useTranslation('api');
  const format = useFormat();
  return useMemo(
    () => [
      {
        key: 'credential',
        title: t('keys.handoutsCredential'),
        fixed: true,
        render: ({ credential_id }) => (
          <Anchor component={Link} to={`/credentials/${credential_id}`} ff="monospace" size="sm">
            {credential_id}
          </Anchor>
        ),
      },
      { key: 'kind', title: t('keys.handoutsKind'), render: ({ kind }) => t(`keys.kind.${kind}`) },
      {
        key: 'count',
        title: t('keys.handoutsCount'),
        numeric: true,
        render: ({ count }) => format.number(count),
      },
      {
        key: 'first_at',
        title: t('keys.handoutsFirst'),
        numeric: true,
        render: ({ first_at }) => <RelativeTime at={first_at} />,
      },
      {
        key: 'last_at',
        title: t('keys.handoutsLast'),
        numeric: true,
        render: ({ last_at }) => <RelativeTime at={last_at} />,
      },
    ],
    [t, format],
  );
}
