import { Button, Group, Stepper, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { IconCredentials, IconImport } from '~/icons';
import { ConfirmKeyBackup } from '~/layout';
import { useIsAdministrator } from '~/session';
import { Card } from './Card';
import classes from './dashboard.module.css';
import { TextLink } from './TextLink';

interface Props {
  /** The API's secret is the published one. */
  placeholder: boolean | undefined;
  /** Nobody has said that the sealing key is backed up, which was made at the first start. */
  keyUnconfirmed: boolean | undefined;
}

/** Nothing was put in yet: the way to the first credential, instead of zeros. */
export function FirstRun({ placeholder, keyUnconfirmed }: Props) {
  const { t } = useTranslation(['dashboard', 'common']);
  const may = useIsAdministrator();
  const secret = placeholder === true;
  const key = keyUnconfirmed === true;
  return (
    <Card title={t('first.title')} className={classes.all}>
      <Stepper
        active={secret ? 1 : key ? 2 : 3}
        allowNextStepsSelect={false}
        orientation="vertical"
        iconSize={32}
        mt="xs"
      >
        <Stepper.Step component="div" label={t('first.password')} description={t('first.passwordHelp')} />
        <Stepper.Step
          component="div"
          label={t('first.secret')}
          description={
            <>
              {t(secret ? 'first.secretHelp' : 'first.secretDone')}{' '}
              {secret ? <TextLink to="/docs?tab=keys">{t('first.secretLink')}</TextLink> : null}
            </>
          }
        />
        <Stepper.Step
          component="div"
          label={t('first.key')}
          description={
            <>
              {t(key ? 'first.keyHelp' : 'first.keyDone')} {key ? <ConfirmKeyBackup /> : null}
            </>
          }
        />
        <Stepper.Step
          component="div"
          label={t('first.import')}
          description={t('first.importHelp')}
          aria-current={secret || key ? undefined : 'step'}
        />
      </Stepper>
      <Group gap="xs" mt="md">
        <Button component={Link} to="/import" leftSection={<IconImport size={16} />} disabled={!may}>
          {t('first.toImport')}
        </Button>
        <Button
          component={Link}
          to="/credentials"
          variant="default"
          leftSection={<IconCredentials size={16} />}
          disabled={!may}
        >
          {t('first.toList')}
        </Button>
        {may ? null : (
          <Text size="sm" c="dimmed">
            {t('common:administratorOnly')}
          </Text>
        )}
      </Group>
    </Card>
  );
}
