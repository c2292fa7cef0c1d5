import { ActionIcon, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useRef, useState, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { IconClose, IconSearch } from '~/icons';
import { useShortcut } from '~/layout/shortcuts';
import classes from './FilterBar.module.css';

export interface Search {
  value: string;
  label: string;
  placeholder: string;
  onChange: (value: string) => void;
}

/** How long the typing has to rest before it is searched for: less than what most people need from key to key, so they notice no delay. */
const REST_MS = 100;

/** Searches while somebody types. `/` leads to it. */
export function SearchField({ value, label, placeholder, onChange }: Search) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  useShortcut('/', t('shortcuts.focusSearch'), () => focus(input));
  const { text, change, flush } = useTyped(value, onChange);
  return (
    <TextInput
      ref={input}
      className={classes.search ?? ''}
      size="xs"
      type="search"
      aria-label={label}
      placeholder={placeholder}
      title="/"
      value={text}
      onChange={(event) => change(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') input.current?.blur();
        if (event.key === 'Enter') flush();
      }}
      leftSection={<IconSearch size={16} aria-hidden />}
      rightSection={
        text === '' ? null : (
          <ActionIcon size="sm" aria-label={t('action.clear')} onClick={() => change('')}>
            <IconClose size={14} />
          </ActionIcon>
        )
      }
    />
  );
}

interface Typed {
  text: string;
  /** What the address had when this was typed. */
  from: string;
  /** What is on its way into the address, the oldest first. */
  sent: readonly string[];
}

/**
 * What is typed is ahead of the address, which wins where somebody else changes it. A key may come while what was typed before is on
 * its way there, and before what has been sent is drawn: so what was sent is read when the change is made.
 */
function useTyped(value: string, onChange: (value: string) => void) {
  const [typed, setTyped] = useState<Typed>({ text: value, from: value, sent: [] });
  const arrived = typed.sent.indexOf(value);
  const ours = value === typed.from || arrived >= 0;
  if (ours && value !== typed.from) setTyped({ ...typed, from: value, sent: typed.sent.slice(arrived + 1) });
  const search = useDebouncedCallback((next: string) => {
    const sent = next.trim();
    setTyped((now) => ({ ...now, sent: [...now.sent, sent] }));
    onChange(sent);
  }, REST_MS);
  const change = (text: string) => {
    setTyped((now) => (ours ? { ...now, text } : { text, from: value, sent: [] }));
    search(text);
    // Nothing more is to be typed.
    if (text === '') search.flush();
  };
  return { text: ours ? typed.text : value, change, flush: () => search.flush() };
}

function focus(input: RefObject<HTMLInputElement | null>): void {
  input.current?.focus();
  input.current?.select();
}
