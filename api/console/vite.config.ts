import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { compress } from './build/compress.ts';

/** The API that `npm run dev` talks to. */
const api = process.env.RTM_DEV_API ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), compress()],
  resolve: { alias: { '~': fileURLToPath(new URL('src', import.meta.url)) } },
  // The server replaces this by a nonce of its own in each answer.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    // Says the truth about compressed sizes in our own way: e2e/size.spec.ts.
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            // Changes seldom, and so stays in the browsers' caches over updates.
            {
              name: 'react',
              test: /node_modules[\\/](?:react|react-dom|scheduler|react-router)[\\/]/,
              priority: 3,
            },
          ],
        },
      },
    },
  },
  server: {
    // The session cookie is for one host: the page and the API look like one.
    proxy: Object.fromEntries(
      ['/api/', '/public-api/', '/health', '/livez', '/readyz', '/metrics'].map((path) => [
        path,
        { target: api },
      ]),
    ),
  },
});
