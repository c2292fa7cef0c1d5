import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { api, unwrap, type Schemas } from '~/api';
import { notify, useProblemText } from '~/components';
import { without } from './values';

/** Which way is tried: a named proxy, an address that nobody has saved, or the way of credentials without one. */
export type Way = Schemas['TestProxy'];
export type TestResult = 'running' | (Schemas['ProxyTest'] & { at: string });

/** The name under which a result is kept. */
export const nameOf = ({ proxy_id, proxy }: Way) => proxy_id ?? (proxy == null ? 'default' : 'typed');

/** Tries proxies and keeps what was found, as long as the page is open. */
export function useProxyTest() {
  const text = useProblemText();
  const [results, setResults] = useState<Readonly<Record<string, TestResult>>>({});
  const test = useMutation({
    mutationFn: async (way: Way) => ({
      ...(await unwrap(api.POST('/api/v1/proxies/test', { body: way }))),
      at: new Date().toISOString(),
    }),
    onMutate: (way) => setResults((old) => ({ ...old, [nameOf(way)]: 'running' })),
    onSuccess: (found, way) => setResults((old) => ({ ...old, [nameOf(way)]: found })),
    onError: (problem, way) => {
      setResults((old) => without(old, nameOf(way)));
      notify.failed(text(problem));
    },
  });
  return { results, test };
}
