/**
 * What somebody chose on this device: language, theme, columns. Nothing secret ever goes here; the lint forbids
 * `localStorage` everywhere else.
 */
const PREFIX = 'rtm.';

/** What was kept, or null: also where the browser keeps nothing (private windows, policies) or it cannot be read. */
export function readPreference(name: string): unknown {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

/** Keeps a choice, where the browser lets us. */
export function keepPreference(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // The choice holds until the page is left.
  }
}

export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
