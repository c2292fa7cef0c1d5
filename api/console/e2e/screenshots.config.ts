import base from '../playwright.config.ts';

/** `npm run screenshots`: pictures of all pages in $RTM_SCREENSHOTS, or in `screenshots/`. */
export default {
  ...base,
  testDir: '.',
  outputDir: '../test-results',
  fullyParallel: true,
  testMatch: 'screenshots.ts',
};
