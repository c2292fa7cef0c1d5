import { Code, Modal, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { CodeBlock, CopyButton, KeyValue, useActionText, useActorText, useCloseLabel } from '~/components';
import { useFormat } from '~/format';
import { useTargetKindText } from './auditTexts';
import type { AuditEntry } from './query';

/** One entry in full. */
export function AuditDetail({ entry, onClose }: { entry: AuditEntry | null; onClose: () => void }) {
  const action = useActionText();
  return (
    <Modal
      opened={entry !== null}
      onClose={onClose}
      size="lg"
      title={entry === null ? '' : action(entry.action)}
      closeButtonProps={useCloseLabel()}
    >
      {entry === null ? null : <Body entry={entry} />}
    </Modal>
  );
}

function Body({ entry }: { entry: AuditEntry }) {
  const { t } = useTranslation('system');
  const format = useFormat();
  const target = useTargetKindText();
  const { name, kind } = useActorText()(entry);
  const id = (value: string) => (
    <>
      <Code>{value}</Code> <CopyButton value={value} />
    </>
  );
  return (
    <Stack gap="md">
      <KeyValue
        items={[
          [t('audit.at'), format.dateTime(entry.at)],
          [t('audit.actor'), kind === null ? name : `${name} (${kind})`],
          [t('audit.action'), <Code key="action">{entry.action}</Code>],
          entry.target == null
            ? null
            : [
                t('audit.target'),
                <span key="target">
                  {target(entry.target_kind ?? '')} {id(entry.target)}
                </span>,
              ],
          entry.address == null ? null : [t('audit.address'), entry.address],
          entry.request_id == null
            ? null
            : [t('audit.requestId'), <span key="r">{id(entry.request_id)}</span>],
          [t('audit.id'), <span key="id">{id(entry.id)}</span>],
        ]}
      />
      {Object.keys(entry.detail).length > 0 ? (
        <CodeBlock code={JSON.stringify(entry.detail, null, 2)} label={t('audit.detail')} wrap />
      ) : null}
    </Stack>
  );
}
