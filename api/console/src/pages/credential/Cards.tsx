import { Badge, Button, Code, Group, Paper, SimpleGrid, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyButton, ExpiryCountdown, KeyValue, MaskedSecret, RelativeTime, useCodeText } from '~/components';
import { useFormat } from '~/format';
import { IconEdit } from '~/icons';
import { clientIdsQuery, proxiesQuery } from '~/pickers';
import { useIsAdministrator } from '~/session';
import { useDetailActions } from './actions';
import type { Credential } from './query';

interface Props {
  credential: Credential;
  onEdit: () => void;
  onReplace: () => void;
}

/** Everything that is known, in four parts. */
export function Cards(props: Props) {
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Tokens {...props} />
      <Refreshes credential={props.credential} />
      <Settings {...props} />
      <Identity credential={props.credential} />
    </SimpleGrid>
  );
}

function Card({ title, action, children }: { title: string; action?: ReactNode; children: ReactNode }) {
  return (
    <Paper p="md" component="section" aria-label={title}>
      <Group justify="space-between" mb="sm" mih={28}>
        <Title order={2}>{title}</Title>
        {action}
      </Group>
      {children}
    </Paper>
  );
}

function Copied({ value }: { value: string | null | undefined }) {
  if (value == null || value === '') return null;
  return (
    <Group gap={4} wrap="nowrap">
      <Text span inherit style={{ overflowWrap: 'anywhere' }}>
        {value}
      </Text>
      <CopyButton value={value} />
    </Group>
  );
}

function Tokens({ credential, onReplace }: Props) {
  const { t } = useTranslation(['credential', 'terms', 'credentials']);
  const may = useIsAdministrator();
  const { reveal } = useDetailActions(credential.id);
  const { access_token: at } = credential;
  return (
    <Card
      title={t('tokens.title')}
      action={
        <Button size="compact-sm" variant="default" disabled={!may} onClick={onReplace}>
          {t('replace.verb')}
        </Button>
      }
    >
      <KeyValue
        items={[
          [
            t('tokens.expires'),
            <Text key="left" span fw={650} size="lg">
              <ExpiryCountdown at={at.expires_at} none={t('credentials:noAccessToken')} />
            </Text>,
          ],
          [t('tokens.issued'), <RelativeTime key="issued" at={at.issued_at} />],
          [
            t('tokens.access_token'),
            at.present ? (
              <MaskedSecret
                key="at"
                what={t('terms:secret.access_token')}
                reveal={may ? (password) => reveal('access_token', password) : undefined}
              />
            ) : (
              t('credentials:noAccessToken')
            ),
          ],
          [
            t('tokens.refresh_token'),
            <MaskedSecret
              key="rt"
              what={t('terms:secret.refresh_token')}
              hint={t('credentials:fingerprint', { fingerprint: credential.refresh_token_fingerprint })}
              reveal={may ? (password) => reveal('refresh_token', password) : undefined}
            />,
          ],
        ]}
      />
    </Card>
  );
}

function Refreshes({ credential }: { credential: Credential }) {
  const { t } = useTranslation(['credential', 'terms', 'common']);
  const format = useFormat();
  const codeText = useCodeText();
  const { next_refresh_at: next, next_refresh_because: because, last_code: code } = credential;
  return (
    <Card title={t('refreshes.title')}>
      <KeyValue
        items={[
          [
            t('refreshes.next'),
            <Text key="next" span fw={650} size="lg">
              {next == null ? t('refreshes.none') : <RelativeTime at={next} />}
            </Text>,
          ],
          [t('refreshes.why'), t(`because.${because}`)],
          [
            t('refreshes.last'),
            <RelativeTime key="last" at={credential.refreshed_at} none={t('common:time.never')} />,
          ],
          [t('refreshes.failures'), format.number(credential.failures)],
          code == null
            ? null
            : [
                t('refreshes.code'),
                <span key="code">
                  {codeText(code)} <Code>{code}</Code>
                </span>,
              ],
        ]}
      />
    </Card>
  );
}

function Settings({ credential, onEdit }: Props) {
  const { t } = useTranslation(['credential', 'terms', 'credentials', 'common']);
  const may = useIsAdministrator();
  const { reveal } = useDetailActions(credential.id);
  const name = useQuery(clientIdsQuery).data?.find(({ client_id }) => client_id === credential.client_id);
  return (
    <Card
      title={t('settings.title')}
      action={
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconEdit size={15} />}
          disabled={!may}
          onClick={onEdit}
        >
          {t('common:action.edit')}
        </Button>
      }
    >
      <KeyValue
        items={[
          [
            t('credentials:column.tag'),
            credential.tag === '' ? (
              t('common:none')
            ) : (
              <Badge key="tag" color="gray" variant="default">
                {credential.tag}
              </Badge>
            ),
          ],
          [
            t('credentials:column.client_id'),
            <div key="client">
              <Copied value={credential.client_id} />
              {name ? (
                <Text size="xs" c="dimmed">
                  {name.name}
                </Text>
              ) : null}
            </div>,
          ],
          [
            t('credentials:column.proxy'),
            <Proxy
              key="proxy"
              credential={credential}
              reveal={may ? (password) => reveal('proxy', password) : undefined}
            />,
          ],
          [
            t('credentials:column.memo'),
            credential.memo === '' ? (
              t('common:none')
            ) : (
              <Text key="memo" span inherit style={{ whiteSpace: 'pre-wrap' }}>
                {credential.memo}
              </Text>
            ),
          ],
          [t('credentials:column.created_at'), <RelativeTime key="created" at={credential.created_at} />],
          [t('credentials:column.updated_at'), <RelativeTime key="updated" at={credential.updated_at} />],
          ['ID', <Copied key="id" value={credential.id} />],
        ]}
      />
    </Card>
  );
}

interface ProxyProps {
  credential: Credential;
  reveal: ((password: string) => Promise<string>) | undefined;
}

function Proxy({ credential: { proxy, proxy_id }, reveal }: ProxyProps) {
  const { t } = useTranslation(['credential', 'terms', 'credentials']);
  const named = useQuery({ ...proxiesQuery, enabled: proxy_id != null }).data?.find(
    ({ id }) => id === proxy_id,
  );
  if (proxy == null) return t('credentials:proxyDefault');
  return (
    <div>
      {named ? `${named.name} · ` : ''}
      {proxy}
      {/* A named one is shown and changed in the settings. */}
      {proxy_id == null ? <MaskedSecret what={t('terms:secret.proxy')} reveal={reveal} /> : null}
    </div>
  );
}

function Identity({ credential }: { credential: Credential }) {
  const { t } = useTranslation(['credential', 'credentials', 'common']);
  const { claims } = credential;
  // What the token says and what is stored are the same as a rule; where not, somebody should know.
  const text = (stored: string | null | undefined, claimed: string | null | undefined) =>
    stored == null && claimed == null ? (
      t('common:unknown')
    ) : (
      <>
        <Copied value={stored ?? claimed} />
        {stored != null && claimed != null && stored !== claimed ? (
          <Text size="xs" c="var(--rtm-doubt-fg)">
            {t('identity.differs', { value: claimed })}
          </Text>
        ) : null}
      </>
    );
  return (
    <Card title={t('identity.title')}>
      <KeyValue
        items={[
          [t('credentials:column.email'), text(credential.email, claims?.email)],
          [t('credentials:column.name'), text(credential.name, claims?.name)],
          [t('credentials:column.plan'), text(credential.plan, claims?.plan)],
          [t('identity.account_id'), text(credential.account_id, claims?.account_id)],
          [t('identity.user_id'), text(credential.user_id, claims?.user_id)],
          claims == null ? null : [t('identity.client_id'), claims.client_id ?? t('common:unknown')],
          claims == null || claims.organization_ids.length === 0
            ? null
            : [t('identity.organizations'), claims.organization_ids.join(', ')],
          claims == null || claims.scopes.length === 0
            ? null
            : [
                t('identity.scopes'),
                <Group key="scopes" gap={4}>
                  {claims.scopes.map((scope) => (
                    <Code key={scope}>{scope}</Code>
                  ))}
                </Group>,
              ],
        ]}
      />
    </Card>
  );
}
