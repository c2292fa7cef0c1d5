import { defineConfig } from '@playwright/test';
import { chromium } from './e2e/support/browser.ts';

export default defineConfig({
  testDir: 'e2e',
  testMatch: '*.spec.ts',
  outputDir: 'test-results',
  // Each worker has a server of its own.
  fullyParallel: false,
  workers: Number(process.env.RTM_E2E_WORKERS ?? 2),
  // What two cores need that build something else meanwhile.
  timeout: 90_000,
  expect: { timeout: 15_000 },
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  reporter: [['list']],
  use: { ...chromium, actionTimeout: 15_000, trace: 'retain-on-failure', screenshot: 'only-on-failure' },
});
