import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider, type QueryClient } from '@tanstack/react-query';
import { useEffect, type ReactNode } from 'react';
import { rememberFocus } from './components/focus';
import { TextsProvider } from './i18n/texts';
import { cssVariables, theme } from './theme/theme';

const colorSchemes = localStorageColorSchemeManager({ key: 'rtm.color-scheme' });

interface Props {
  client: QueryClient;
  nonce?: string | undefined;
  children: ReactNode;
  /** In tests there are no transitions. */
  env?: 'default' | 'test';
}

export function Providers({ client, nonce, env = 'default', children }: Props) {
  useEffect(() => rememberFocus(), []);
  return (
    <QueryClientProvider client={client}>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        defaultColorScheme="auto"
        colorSchemeManager={colorSchemes}
        env={env}
        {...(nonce === undefined ? {} : { getStyleNonce: () => nonce })}
      >
        <Notifications position="bottom-right" />
        <TextsProvider>{children}</TextsProvider>
      </MantineProvider>
    </QueryClientProvider>
  );
}
