import { ActionIcon, Button, Group, Text, Textarea, Tooltip } from '@mantine/core';
import clsx from 'clsx';
import { useRef, useState, type ClipboardEvent, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { notify, Pill } from '~/components';
import { useFormat } from '~/format';
import { IconAdd, IconClose, IconDocs, IconUpload, IconWarning } from '~/icons';
import classes from './SourceInput.module.css';
import { sourceOf, type Source } from './sources';

interface Props {
  sources: readonly Source[];
  onChange: (change: (sources: readonly Source[]) => readonly Source[]) => void;
  disabled: boolean;
}

/**
 * Takes files and texts. What is pasted is taken at once and leaves the field, so that tokens do not stay on the
 * screen.
 */
export function SourceInput({ sources, onChange, disabled }: Props) {
  const { t } = useTranslation('imports');
  const [over, setOver] = useState(false);
  const [typed, setTyped] = useState('');
  const chooser = useRef<HTMLInputElement>(null);
  const pasted = useRef(0);

  const add = async (files: readonly { content: Blob; name: string }[]) => {
    for (const { content, name } of files) {
      try {
        const source = await sourceOf(content, name);
        onChange((before) => [...before, source]);
      } catch {
        // A folder, or a file that is gone.
        notify.failed(t('source.unreadable', { name }));
      }
    }
  };
  const addFiles = (files: FileList | null) =>
    void add([...(files ?? [])].map((file) => ({ content: file, name: file.name })));
  const addText = (text: string) => {
    setTyped('');
    if (text.trim() === '') return;
    pasted.current += 1;
    void add([{ content: new Blob([text]), name: t('source.pasted', { n: pasted.current }) }]);
  };
  const onPaste = (event: ClipboardEvent) => {
    if (disabled) return;
    const { files } = event.clipboardData;
    const text = event.clipboardData.getData('text');
    event.preventDefault();
    if (files.length > 0) addFiles(files);
    // What was typed before belongs to it.
    else addText(typed === '' ? text : `${typed}\n${text}`);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (disabled) return;
    if (event.dataTransfer.files.length > 0) addFiles(event.dataTransfer.files);
    else addText(event.dataTransfer.getData('text'));
  };

  return (
    <div
      className={clsx(classes.zone, over && classes.over)}
      role="group"
      aria-label={t('source.label')}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
    >
      <Textarea
        label={t('source.paste')}
        description={t('source.pasteHelp')}
        placeholder={t('source.placeholder')}
        rows={4}
        autoComplete="off"
        spellCheck={false}
        disabled={disabled}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onPaste={onPaste}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
      />
      <Group gap="xs">
        <Button
          variant="default"
          leftSection={<IconUpload size={16} />}
          disabled={disabled}
          onClick={() => chooser.current?.click()}
        >
          {t('source.choose')}
        </Button>
        {typed.trim() === '' ? null : (
          <Button variant="light" leftSection={<IconAdd size={16} />} onClick={() => addText(typed)}>
            {t('source.addTyped')}
          </Button>
        )}
        <Text size="sm" c="dimmed">
          {t('source.drop')}
        </Text>
      </Group>
      <input
        ref={chooser}
        className={classes.file}
        type="file"
        multiple
        aria-label={t('source.choose')}
        onChange={(event) => {
          addFiles(event.currentTarget.files);
          // The same file may be chosen again.
          event.currentTarget.value = '';
        }}
      />
      {sources.length > 0 ? (
        <ul className={classes.sources} aria-label={t('source.list')}>
          {sources.map((source) => (
            <Row
              key={source.id}
              source={source}
              {...(disabled
                ? {}
                : { onRemove: () => onChange((all) => all.filter(({ id }) => id !== source.id)) })}
            />
          ))}
        </ul>
      ) : null}
    </div>
  );
}

function Row({ source, onRemove }: { source: Source; onRemove?: () => void }) {
  const { t } = useTranslation('imports');
  const format = useFormat();
  const { name, content, form, lines } = source;
  const empty = form === 'empty';
  return (
    <li className={classes.source}>
      <span className={classes.name} title={name}>
        {name}
      </span>
      <Pill
        look={empty ? { tone: 'doubt', Icon: IconWarning } : { tone: 'off', Icon: IconDocs }}
        help={t(`formHelp.${form}`)}
      >
        {t(`form.${form}`)}
      </Pill>
      <Text size="sm" c="dimmed">
        {lines === null ? null : `${t('source.lines', { count: lines, many: format.number(lines) })} · `}
        {size(content.size, format.number.bind(format))}
      </Text>
      {onRemove ? (
        <Tooltip label={t('source.remove', { name })}>
          <ActionIcon size="sm" aria-label={t('source.remove', { name })} onClick={onRemove}>
            <IconClose size={15} />
          </ActionIcon>
        </Tooltip>
      ) : null}
    </li>
  );
}

function size(bytes: number, number: (value: number) => string): string {
  if (bytes < 1024) return `${number(bytes)} B`;
  if (bytes < 1024 * 1024) return `${number(Math.round(bytes / 102.4) / 10)} KiB`;
  return `${number(Math.round(bytes / 104_857.6) / 10)} MiB`;
}
