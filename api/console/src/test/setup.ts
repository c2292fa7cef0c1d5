import '@testing-library/jest-dom/vitest';
import { cleanup, configure } from '@testing-library/react';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { loadTexts, startI18n, type Namespace } from '~/i18n';
import en from '~/i18n/en';

/** Requests that a test does not answer are a failure: `server.use(http.get(…))`. */
export const server = setupServer();

// What Mantine wants of a browser and jsdom does not have.
vi.stubGlobal(
  'ResizeObserver',
  class {
    observe(): void {
      /* Nothing has a size here. */
    }
    unobserve(): void {
      /* Nothing has a size here. */
    }
    disconnect(): void {
      /* Nothing has a size here. */
    }
  },
);
Object.defineProperty(globalThis, 'matchMedia', {
  value: (query: string) => ({
    // The empty query holds everywhere; the table's library asks for it.
    matches: query === '',
    media: query,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }),
});
Element.prototype.scrollIntoView = () => undefined;
Object.defineProperty(document, 'fonts', {
  value: { addEventListener: () => undefined, removeEventListener: () => undefined },
});

// Machines are slow where several build at once; what is awaited here comes in milliseconds otherwise.
configure({ asyncUtilTimeout: 5_000 });

beforeAll(async () => {
  server.listen({ onUnhandledRequest: 'error' });
  await startI18n('en');
  await loadTexts(Object.keys(en) as Namespace[]);
});
beforeEach(() => {
  vi.stubGlobal('isSecureContext', true);
});
afterEach(() => {
  cleanup();
  server.resetHandlers();
  window.localStorage.clear();
});
afterAll(() => server.close());
