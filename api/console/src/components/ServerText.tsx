import { useServerText } from './useServerText';

/** What the server says, where an element is wanted: it is drawn anew with the language of the page. */
export function ServerText({ children }: { children: string }) {
  return useServerText()(children);
}
