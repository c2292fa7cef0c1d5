import { ActionIcon, CopyButton as Copy, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { IconCopy, IconDone } from '~/icons';

/** Copies a text; `label` says which where several stand together. */
export function CopyButton({ value, label }: { value: string; label?: string }) {
  const { t } = useTranslation();
  return (
    <Copy value={value} timeout={1500}>
      {({ copied, copy }) => {
        const text = copied ? t('action.copied') : (label ?? t('action.copy'));
        return (
          <Tooltip label={text}>
            <ActionIcon onClick={copy} aria-label={text} size="sm">
              {copied ? <IconDone size={15} color="var(--rtm-ok-fg)" /> : <IconCopy size={15} />}
            </ActionIcon>
          </Tooltip>
        );
      }}
    </Copy>
  );
}
