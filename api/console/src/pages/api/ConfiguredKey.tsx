import { Badge, Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Schemas } from '~/api';
import { useFormat } from '~/format';
import { IconHistory, IconLock, IconWarning } from '~/icons';
import classes from './api.module.css';

interface Props {
  configured: Schemas['ConfiguredKey'];
  onHandouts: () => void;
}

/** The secret of the configuration, which is a key as well, and no row: it can be neither changed nor revoked here. */
export function ConfiguredKey({ configured, onHandouts }: Props) {
  const { t } = useTranslation('api');
  const format = useFormat();
  const { scopes, placeholder, rate_limit_per_minute: rate } = configured;
  return (
    <section className={classes.panel} aria-label={t('keys.configured')}>
      <Group gap="xs" mb={4}>
        <IconLock size={16} aria-hidden />
        <strong>{t('keys.configured')}</strong>
        {scopes.map((scope) => (
          <Badge key={scope} variant="default">
            {t(`keys.scope.${scope}`)}
          </Badge>
        ))}
        <Text span size="sm" c="dimmed">
          {t('keys.rate')}:{' '}
          {rate == null ? t('keys.noRate') : t('keys.rateValue', { n: format.number(rate) })}
        </Text>
        <Button
          size="compact-sm"
          variant="default"
          ml="auto"
          leftSection={<IconHistory size={14} aria-hidden />}
          onClick={onHandouts}
        >
          {t('keys.handouts')}
        </Button>
      </Group>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        {placeholder ? (
          <IconWarning
            size={16}
            color="var(--rtm-doubt-fg)"
            aria-hidden
            style={{ flex: 'none', marginTop: 2 }}
          />
        ) : null}
        <Text size="sm">{t(placeholder ? 'keys.configuredPlaceholder' : 'keys.configuredOwn')}</Text>
      </Group>
    </section>
  );
}
