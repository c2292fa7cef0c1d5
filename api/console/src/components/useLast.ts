import { useState } from 'react';

/**
 * What was there last, for a dialog about it: while it closes, and gives the focus back, it still has to be drawn, and what it is
 * about may be gone by then.
 */
export function useLast<T>(subject: T | undefined): T | undefined {
  const [last, setLast] = useState(subject);
  if (subject !== undefined && subject !== last) setLast(subject);
  return subject ?? last;
}
