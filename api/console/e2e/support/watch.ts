import type { BrowserContext } from '@playwright/test';

/** Collects what must not happen on any page: violations of the policy, errors in the console, requests that fail. */
export class Watch {
  readonly faults: string[] = [];
  readonly #allowed: RegExp[] = [];

  constructor(pages: BrowserContext) {
    pages.on('console', (message) => {
      if (message.type() === 'error' || /content security policy/i.test(message.text()))
        this.#add(`console: ${message.text()} (${message.location().url})`);
    });
    pages.on('weberror', (error) => this.#add(`exception: ${error.error().message}`));
    pages.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // Leaving a page ends its requests.
      if (why !== 'net::ERR_ABORTED') this.#add(`request: ${request.method()} ${request.url()} ${why}`);
    });
    pages.on('response', (response) => {
      if (response.status() >= 500) this.#add(`answer: ${response.status()} ${response.url()}`);
    });
  }

  /** A test that provokes something says so. */
  allow(pattern: RegExp): void {
    this.#allowed.push(pattern);
  }

  #add(fault: string): void {
    this.faults.push(fault);
  }

  get unexpected(): string[] {
    return this.faults.filter((fault) => !this.#allowed.some((pattern) => pattern.test(fault)));
  }
}
