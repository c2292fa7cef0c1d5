import type { Page, Request } from '@playwright/test';

/** How long nothing has to be under way before an interaction counts as answered. */
const QUIET_MS = 250;

/** What a page asks of the API, other than its stream of events. */
export class Requests {
  made = 0;
  readonly #open = new Set<Request>();
  #last = Date.now();

  constructor(page: Page) {
    page.on('request', (request) => {
      if (!/\/api\/v1\/(?!events)/.test(request.url())) return;
      this.made += 1;
      this.#open.add(request);
      this.#last = Date.now();
    });
    const ended = (request: Request) => {
      if (this.#open.delete(request)) this.#last = Date.now();
    };
    page.on('requestfinished', ended);
    page.on('requestfailed', ended);
  }

  get quiet(): boolean {
    return this.#open.size === 0 && Date.now() - this.#last >= QUIET_MS;
  }
}
