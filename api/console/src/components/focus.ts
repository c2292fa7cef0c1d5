/** Where the focus was last, other than in what lies above the page for a while. */
let last: HTMLElement | null = null;

const ABOVE = '[role=menu], [role=dialog], [role=listbox]';

/** Remembers where the focus is. Returns how to end that. */
export function rememberFocus(): () => void {
  const remember = ({ target }: FocusEvent) => {
    if (target instanceof HTMLElement && target.closest(ABOVE) === null) last = target;
  };
  document.addEventListener('focusin', remember);
  return () => document.removeEventListener('focusin', remember);
}

/**
 * Gives the focus back to the page when a dialog has closed and nothing has it: a dialog that was opened from a menu would give it to
 * the item of that menu, which is gone.
 */
export function restoreFocus(): void {
  // The dialog says so while it is still there.
  setTimeout(() => {
    if (document.activeElement === null || document.activeElement === document.body)
      last?.focus({ preventScroll: true });
  });
}
