import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, Problem } from '~/api';
import { Notice, notify, ProblemAlert, useCloseLabel, useProblemForm, useProblemText } from '~/components';
import { useFormat } from '~/format';
import { IconWarning } from '~/icons';
import { keys } from '~/query';
import { SEVERITIES } from '~/theme/states';
import type { Proxy } from './query';
import { TestOutcome } from './TestOutcome';
import { useProxyTest } from './useProxyTest';

interface Props {
  opened: boolean;
  onClose: () => void;
  /** The one that is edited, as it is by now; none: a new one. */
  proxy: Proxy | undefined;
}

/** Adds or changes a named proxy. The address can be tried before it is saved. */
export function ProxyDialog({ opened, onClose, proxy }: Props) {
  const { t } = useTranslation('settings');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={proxy ? t('proxies.editTitle', { name: proxy.name }) : t('proxies.createTitle')}
      closeButtonProps={useCloseLabel()}
    >
      {opened ? <Form onClose={onClose} proxy={proxy} /> : null}
    </Modal>
  );
}

function Form({ onClose, proxy }: Omit<Props, 'opened'>) {
  const { t } = useTranslation(['settings', 'common']);
  const format = useFormat();
  const text = useProblemText();
  const client = useQueryClient();
  const { form, problem, otherFields, busy, submit } = useProblemForm({
    initialValues: { name: proxy?.name ?? '', url: '' },
  });
  // The revision that somebody looks at; it moves on only when they were told what changed.
  const [seen, setSeen] = useState(proxy?.revision);
  const { results, test } = useProxyTest();
  const { name, url } = form.values;
  const taken = problem instanceof Problem && problem.code === 'name_taken';
  const outdated = problem instanceof Problem && problem.code === 'precondition_failed';

  const save = async (values: { name: string; url: string }) => {
    try {
      if (proxy === undefined) {
        await api.POST('/api/v1/proxies', { body: values });
      } else {
        await api.PATCH('/api/v1/proxies/{id}', {
          params: { path: { id: proxy.id }, header: { 'If-Match': `"${seen ?? 0}"` } },
          body: {
            ...(values.name === proxy.name ? {} : { name: values.name }),
            ...(values.url === '' ? {} : { url: values.url }),
          },
        });
      }
    } catch (failure) {
      if (failure instanceof Problem && failure.code === 'precondition_failed') {
        await client.invalidateQueries({ queryKey: keys.proxies() });
        const { data: now } = await api.GET('/api/v1/proxies/{id}', {
          params: { path: { id: proxy?.id ?? '' } },
        });
        setSeen(now?.revision);
      }
      throw failure;
    }
    notify.done(t(proxy ? 'proxies.edited' : 'proxies.created', { name: values.name }));
    onClose();
    await client.invalidateQueries({ queryKey: keys.proxies() });
  };

  return (
    <form onSubmit={submit(save)} autoComplete="off">
      <Stack gap="sm">
        <TextInput
          label={t('proxies.name')}
          description={t('proxies.nameHelp')}
          required
          maxLength={100}
          data-autofocus
          {...form.getInputProps('name')}
          {...(taken ? { error: text(problem) } : {})}
        />
        <PasswordInput
          label={t(proxy ? 'proxies.urlNew' : 'proxies.url')}
          description={
            proxy
              ? `${t('proxies.urlKeep', { url: proxy.url })} ${t('proxies.urlHelp')}`
              : t('proxies.urlHelp')
          }
          required={proxy === undefined}
          autoComplete="off"
          spellCheck={false}
          visibilityToggleButtonProps={{ 'aria-label': t('common:password.show') }}
          {...form.getInputProps('url')}
        />
        <Group gap="xs" aria-live="polite">
          <Button
            size="compact-sm"
            variant="default"
            disabled={url === '' && proxy === undefined}
            onClick={() => test.mutate(url === '' && proxy ? { proxy_id: proxy.id } : { proxy: url })}
          >
            {t('proxies.test')}
          </Button>
          <TestOutcome result={results[url === '' && proxy ? proxy.id : 'typed']} />
        </Group>
        {proxy && url !== '' && proxy.uses.count > 0 ? (
          <Group gap="xs" wrap="nowrap" align="flex-start">
            <IconWarning size={18} color="var(--rtm-doubt-fg)" aria-hidden style={{ flex: 'none' }} />
            <Text size="sm">
              {t('proxies.moves', { count: proxy.uses.count, shown: format.count(proxy.uses) })}
            </Text>
          </Group>
        ) : null}
        {outdated && proxy ? (
          <Notice role="alert" look={SEVERITIES.warning}>
            {t('proxies.changedElsewhere', { name: proxy.name, url: proxy.url })}
          </Notice>
        ) : null}
        {taken || outdated ? null : <ProblemAlert problem={problem} fields={otherFields} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common:action.cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={name === proxy?.name && url === ''}>
            {t(proxy ? 'common:action.save' : 'common:action.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
