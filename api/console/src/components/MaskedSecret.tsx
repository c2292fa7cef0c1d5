import { ActionIcon, Group, Text, Tooltip } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '~/format';
import { IconHide, IconReveal } from '~/icons';
import { CodeBlock } from './CodeBlock';
import { PasswordPrompt } from './PasswordPrompt';

/** How long a revealed secret stays on the screen. */
const SHOWN_SECONDS = 60;

interface Props {
  /** What it is, in words. */
  what: string;
  /** Shown beside the dots, such as a fingerprint. */
  hint?: string;
  /** Asks the server with the password. Without it there is no way to reveal. */
  reveal?: ((password: string) => Promise<string>) | undefined;
}

/** A secret that is not shown. Revealing asks for the password, is audited, and ends by itself. */
export function MaskedSecret({ what, hint, reveal }: Props) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const [value, setValue] = useState<string | null>(null);
  if (value !== null) return <Revealed what={what} value={value} onHide={() => setValue(null)} />;
  return (
    <Group gap={6} wrap="nowrap">
      <Text span ff="monospace" size="sm" aria-label={t('secret.masked')} role="img">
        ••••••••
      </Text>
      {hint ? (
        <Text span c="dimmed" size="xs">
          {hint}
        </Text>
      ) : null}
      {reveal ? (
        <>
          <Tooltip label={t('secret.revealTitle', { what })}>
            <ActionIcon
              size="sm"
              aria-label={t('secret.revealTitle', { what })}
              onClick={() => setAsking(true)}
            >
              <IconReveal size={16} />
            </ActionIcon>
          </Tooltip>
          <PasswordPrompt
            opened={asking}
            onClose={() => setAsking(false)}
            title={t('secret.revealTitle', { what })}
            why={`${t('password.why')} ${t('secret.audited')}`}
            confirmLabel={t('action.reveal')}
            onSubmit={async (password) => setValue(await reveal(password))}
          />
        </>
      ) : null}
    </Group>
  );
}

function Revealed({ what, value, onHide }: { what: string; value: string; onHide: () => void }) {
  const { t } = useTranslation();
  const [until] = useState(() => Date.now() + SHOWN_SECONDS * 1000);
  const left = Math.max(0, Math.ceil((until - useNow()) / 1000));
  useEffect(() => {
    const timer = setTimeout(onHide, until - Date.now());
    return () => clearTimeout(timer);
  }, [until, onHide]);
  return (
    <div>
      <CodeBlock code={value} label={what} wrap />
      <Group gap={4} mt={4}>
        <ActionIcon size="sm" aria-label={t('action.hide')} onClick={onHide}>
          <IconHide size={16} />
        </ActionIcon>
        <Text size="xs" c="dimmed">
          {t('secret.hidesIn', { seconds: left })}
        </Text>
      </Group>
    </div>
  );
}
