import base from '../playwright.config.ts';

/** `npm run measure`: what the console does at $RTM_MEASURE_ACCOUNTS credentials, printed. It takes a quarter of an hour. */
export default {
  ...base,
  testDir: '.',
  outputDir: '../test-results',
  testMatch: 'measure.ts',
  workers: 1,
  timeout: 1_800_000,
  // Traces copy the whole page at each action, which takes a third of what is measured.
  use: { ...base.use, trace: 'off', screenshot: 'off' },
};
