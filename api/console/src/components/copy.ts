/**
 * Puts a text on the clipboard; `false`: the browser does not let this page do it. Over plain HTTP browsers hide the
 * clipboard, but still copy what is selected.
 */
export async function copyText(text: string): Promise<boolean> {
  // The types promise a clipboard that only secure pages have.
  const clipboard = navigator.clipboard as Clipboard | undefined;
  if (clipboard !== undefined) {
    try {
      await clipboard.writeText(text);
      return true;
    } catch {
      // Forbidden by a policy or by somebody: the old way may be open.
    }
  }
  return copySelected(text);
}

function copySelected(text: string): boolean {
  const before = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  // Neither seen nor read out, nor does the page scroll or zoom to it.
  field.readOnly = true;
  field.setAttribute('aria-hidden', 'true');
  Object.assign(field.style, { position: 'fixed', top: '0', opacity: '0', fontSize: '16px' });
  // A dialog lets nothing outside of it have the focus.
  (before?.closest('[role=dialog]') ?? document.body).append(field);
  try {
    field.focus({ preventScroll: true });
    field.select();
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way where the clipboard is hidden
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    field.remove();
    if (before instanceof HTMLElement) before.focus({ preventScroll: true });
  }
}
