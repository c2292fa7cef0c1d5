import { queryOptions } from '@tanstack/react-query';
import { Problem } from '~/api';
import { hasEnded, resultsUrl, type Job } from '~/jobs';

export type CodeCounts = Readonly<Partial<Record<string, number>>>;

/**
 * How many rows of an import came to which end. The job itself tells states only, so the results are read once, when
 * it has ended, line by line, and nothing of them is kept.
 */
export function codeCountsQuery(job: Job | undefined) {
  return queryOptions({
    // Not among the jobs' keys: events about jobs would read it all again.
    queryKey: ['job-codes', job?.id],
    queryFn: ({ signal }) => countCodes(job?.id ?? '', signal),
    enabled: job !== undefined && hasEnded(job),
    // Nothing makes it stale: an import of 100,000 rows is not read twice.
    staleTime: 'static',
  });
}

async function countCodes(id: string, signal: AbortSignal): Promise<CodeCounts> {
  const response = await fetch(resultsUrl(id, 'jsonl'), { signal }).catch((failure: unknown) => {
    if (signal.aborted) throw failure;
    throw Problem.unreachable();
  });
  if (!response.ok || response.body === null)
    throw Problem.from(response, await response.json().catch(() => null));
  const counts: Partial<Record<string, number>> = {};
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    const lines = (rest + (value ?? '')).split('\n');
    rest = done ? '' : (lines.pop() ?? '');
    for (const line of lines) {
      const code = codeOf(line);
      if (code !== null) counts[code] = (counts[code] ?? 0) + 1;
    }
    if (done) return counts;
  }
}

function codeOf(line: string): string | null {
  if (line === '') return null;
  const item = JSON.parse(line) as { code?: string | null; state?: string };
  return item.code ?? item.state ?? null;
}
