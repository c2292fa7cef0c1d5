import { Suspense, useEffect, useState, type ReactNode } from 'react';

/** What is at hand soon need not be at hand at once. */
const REST_MS = 1_000;

interface Props {
  /** Somebody asks for it. */
  now: boolean;
  /** Loaded with `lazy()`. */
  children: ReactNode;
}

/** Loads what the first drawing does not need: when the page has come to rest, or when it is asked for. */
export function Late({ now, children }: Props) {
  const [rested, setRested] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setRested(true), REST_MS);
    return () => clearTimeout(timer);
  }, []);
  return now || rested ? <Suspense fallback={null}>{children}</Suspense> : null;
}
