import { Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { EmptyState, ProblemAlert } from '~/components';
import { IconDelete, IconHistory } from '~/icons';
import { useIsAdministrator } from '~/session';
import { useDetailActions } from './actions';
import { Attempts } from './Attempts';
import { PurgeDialog } from './PurgeDialog';

/** A credential that was deleted, or never was: the server tells no difference, but what was tried with it stays. */
export function Gone({ id, name }: { id: string; name: string | undefined }) {
  const { t } = useTranslation(['credential', 'credentials']);
  const navigate = useNavigate();
  const may = useIsAdministrator();
  const { restore } = useDetailActions(id);
  const [asking, setAsking] = useState(false);
  return (
    <Stack gap="md">
      <EmptyState
        kind="nothing"
        title={t('gone.title')}
        text={t('gone.text')}
        actions={
          <Group gap="xs" justify="center">
            <Button
              leftSection={<IconHistory size={16} />}
              disabled={!may}
              loading={restore.isPending}
              onClick={() => restore.mutate()}
            >
              {t('credentials:row.restore')}
            </Button>
            <Button
              variant="default"
              leftSection={<IconDelete size={16} />}
              disabled={!may}
              onClick={() => setAsking(true)}
            >
              {t('purge.verb')}
            </Button>
            <Button variant="default" onClick={() => void navigate('/credentials?deleted=true')}>
              {t('credentials:deleted')}
            </Button>
          </Group>
        }
      />
      <ProblemAlert problem={restore.error} />
      <Text size="sm" c="dimmed">
        {t('gone.attempts')}
      </Text>
      <Attempts id={id} />
      <PurgeDialog id={id} name={name ?? id} opened={asking} onClose={() => setAsking(false)} />
    </Stack>
  );
}
