import { Anchor, Button, Center, Loader, Modal, Table } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { EmptyState, ProblemAlert, RelativeTime, useCloseLabel } from '~/components';
import { useFormat } from '~/format';
import { handoutsQuery } from './query';

/** Whose tokens are asked about: a key, or `configured`. */
export interface Asked {
  id: string;
  name: string;
}

/** Which tokens a key was given, and how often. */
export function HandoutsDialog({ asked, onClose }: { asked: Asked | null; onClose: () => void }) {
  const { t } = useTranslation('api');
  return (
    <Modal
      opened={asked !== null}
      onClose={onClose}
      size="xl"
      title={asked ? t('keys.handoutsTitle', { name: asked.name }) : ''}
      closeButtonProps={useCloseLabel()}
    >
      {asked ? <Body id={asked.id} /> : null}
    </Modal>
  );
}

function Body({ id }: { id: string }) {
  const { t } = useTranslation('api');
  const format = useFormat();
  const list = useInfiniteQuery(handoutsQuery(id));
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.error) return <ProblemAlert problem={list.error} retry={() => void list.refetch()} />;
  if (list.isPending)
    return (
      <Center mih={160} aria-busy>
        <Loader size="sm" />
      </Center>
    );
  if (items.length === 0) return <EmptyState kind="nothing" title={t('keys.handoutsEmpty')} />;
  return (
    <>
      <Table.ScrollContainer minWidth={560}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('keys.handoutsCredential')}</Table.Th>
              <Table.Th>{t('keys.handoutsKind')}</Table.Th>
              <Table.Th ta="right">{t('keys.handoutsCount')}</Table.Th>
              <Table.Th ta="right">{t('keys.handoutsFirst')}</Table.Th>
              <Table.Th ta="right">{t('keys.handoutsLast')}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map(({ credential_id, kind, count, first_at, last_at }) => (
              <Table.Tr key={`${credential_id} ${kind}`}>
                <Table.Td>
                  <Anchor component={Link} to={`/credentials/${credential_id}`} ff="monospace" size="sm">
                    {credential_id}
                  </Anchor>
                </Table.Td>
                <Table.Td>{t(`keys.kind.${kind}`)}</Table.Td>
                <Table.Td ta="right">{format.number(count)}</Table.Td>
                <Table.Td ta="right">
                  <RelativeTime at={first_at} />
                </Table.Td>
                <Table.Td ta="right">
                  <RelativeTime at={last_at} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {list.hasNextPage ? (
        <Center mt="sm">
          <Button
            variant="default"
            loading={list.isFetchingNextPage}
            onClick={() => void list.fetchNextPage()}
          >
            {t('keys.handoutsMore')}
          </Button>
        </Center>
      ) : null}
    </>
  );
}
