import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './theme/tokens.css';

import { setNonce } from 'get-nonce';
import { StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { onSessionEnd } from './api/session';
import { startI18n } from './i18n';
import { Providers } from './Providers';
import { newQueryClient } from './query';
import { newRouter } from './router';
import { loginPath } from './session';

/** The server gives each answer a nonce; styles that are made here carry it (Mantine, and the lock of scrolling). */
const nonce = document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce;
if (nonce) setNonce(nonce);

const client = newQueryClient();

await startI18n();
const router = newRouter(client);
onSessionEnd(() => {
  const { pathname, search } = globalThis.location;
  if (pathname === '/login') return;
  // What is shown is of this session until it is left.
  void router
    .navigate(loginPath({ pathname, search }), { state: { ended: true } })
    .then(() => client.clear());
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <Providers client={client} nonce={nonce}>
      <Suspense fallback={null}>
        {/* What is pressed comes before what is read anew: a transition would wait for it. */}
        <RouterProvider router={router} useTransitions={false} />
      </Suspense>
    </Providers>
  </StrictMode>,
);
