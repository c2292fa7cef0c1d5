import type { CDPSession } from '@playwright/test';

export interface Heap {
  heapMiB: number;
  /** Nodes of the document and those that something still holds. */
  nodes: number;
  listeners: number;
}

/** What a page holds after everything that nobody holds any more was collected. */
export async function heapOf(session: CDPSession): Promise<Heap> {
  await session.send('Performance.enable');
  // Finalizers and weak references need more than one pass.
  for (let pass = 0; pass < 3; pass += 1) await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? NaN;
  return {
    heapMiB: value('JSHeapUsedSize') / 2 ** 20,
    nodes: value('Nodes'),
    listeners: value('JSEventListeners'),
  };
}
