import { ActionIcon, Button, Modal, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconCopy, IconDone } from '~/icons';
import { copyText } from './copy';
import { useCloseLabel } from './useCloseLabel';

/** How long the button says that it is done. */
const SAID_MS = 1500;

interface Props {
  value: string;
  /** Which, where several stand together. */
  label?: string;
  /** A button with words, where copying is the main thing. */
  words?: boolean;
}

/** Copies a text. Where the browser does not let it, the text is shown to be copied by hand. */
export function CopyButton({ value, label, words = false }: Props) {
  const { t } = useTranslation();
  const button = useRef<HTMLButtonElement>(null);
  const [state, setState] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (state !== 'copied') return;
    const timer = setTimeout(() => setState(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [state]);
  const copied = state === 'copied';
  const text = copied ? t('action.copied') : (label ?? t('action.copy'));
  const icon = copied ? <IconDone size={15} color="var(--rtm-ok-fg)" /> : <IconCopy size={15} />;
  const copy = async () => setState((await copyText(value)) ? 'copied' : 'refused');
  return (
    <>
      {words ? (
        <Button ref={button} variant="default" leftSection={icon} onClick={() => void copy()}>
          {text}
        </Button>
      ) : (
        <Tooltip label={text}>
          <ActionIcon ref={button} onClick={() => void copy()} aria-label={text} size="sm">
            {icon}
          </ActionIcon>
        </Tooltip>
      )}
      {/* Made where it is needed: a table may have hundreds of such buttons. */}
      {state === 'refused' ? (
        <ByHand
          value={value}
          onClose={() => {
            setState(null);
            button.current?.focus();
          }}
        />
      ) : null}
    </>
  );
}

function ByHand({ value, onClose }: { value: string; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={t('copy.title')} closeButtonProps={useCloseLabel()}>
      <Stack gap="md">
        <Text size="sm">{t('copy.text')}</Text>
        <Textarea
          aria-label={t('copy.label')}
          value={value}
          readOnly
          rows={4}
          data-autofocus
          onFocus={(event) => event.currentTarget.select()}
        />
      </Stack>
    </Modal>
  );
}
