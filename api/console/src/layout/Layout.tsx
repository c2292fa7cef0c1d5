import { ActionIcon, AppShell, Burger, Kbd, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Outlet, ScrollRestoration, useLocation, useNavigate } from 'react-router';
import { IconHelp, IconSearch } from '~/icons';
import { LiveProvider } from '~/query';
import { AccountMenu } from './AccountMenu';
import { Banners } from './Banners';
import classes from './Layout.module.css';
import { LiveIndicator } from './LiveIndicator';
import { Logo } from './Logo';
import { Navigation } from './Navigation';
import { PAGES } from './pages';
import { Search } from './Search';
import { ShortcutHelp } from './ShortcutHelp';
import { ShortcutProvider, useShortcut } from './shortcuts';
import { LanguageSwitch, ThemeSwitch } from './switches';

/** The frame of all pages but the log-in. */
export function Layout() {
  return (
    <LiveProvider>
      <ShortcutProvider>
        <Frame />
      </ShortcutProvider>
    </LiveProvider>
  );
}

function Frame() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [nav, { toggle, close }] = useDisclosure(false);
  const [help, { open: openHelp, close: closeHelp }] = useDisclosure(false);
  const main = useFocusOnNavigation();
  useShortcut('?', t('shortcuts.help'), openHelp);
  useShortcut('r', t('shortcuts.refresh'), () => void client.invalidateQueries());

  return (
    <>
      <a href="#main" className={classes.skip}>
        {t('app.skip')}
      </a>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 216, breakpoint: 'md', collapsed: { mobile: !nav } }}
        padding={{ base: 'sm', md: 'lg' }}
      >
        <AppShell.Header>
          <div className={classes.header}>
            <Burger
              opened={nav}
              onClick={toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={t(nav ? 'nav.close' : 'nav.open')}
            />
            <Link to="/" className={classes.brand} aria-label={t('app.name')}>
              <Logo />
              <Text span inherit visibleFrom="xs">
                {t('app.name')}
              </Text>
            </Link>
            <span className={classes.space} />
            <SearchButton />
            <LiveIndicator />
            <Tooltip label={t('shortcuts.title')}>
              <ActionIcon size="lg" visibleFrom="sm" aria-label={t('shortcuts.title')} onClick={openHelp}>
                <IconHelp size={20} />
              </ActionIcon>
            </Tooltip>
            <LanguageSwitch />
            <ThemeSwitch />
            <AccountMenu />
          </div>
        </AppShell.Header>
        <AppShell.Navbar aria-label={t('nav.label')}>
          <Navigation onNavigate={close} />
        </AppShell.Navbar>
        <AppShell.Main className={classes.main ?? ''} id="main" tabIndex={-1} ref={main}>
          <div className={classes.content}>
            <Banners />
            <Outlet />
          </div>
        </AppShell.Main>
      </AppShell>
      <ShortcutHelp opened={help} onClose={closeHelp} />
      <Search onHelp={openHelp} />
      {PAGES.map((page) => (
        <GoTo
          key={page.name}
          path={page.path}
          keys={`g ${page.key}`}
          label={t('shortcuts.goto', { page: t(`nav.${page.name}`) })}
        />
      ))}
      <ScrollRestoration />
    </>
  );
}

function GoTo({ path, keys, label }: { path: string; keys: string; label: string }) {
  const navigate = useNavigate();
  useShortcut(keys, label, () => void navigate(path));
  return null;
}

/** Stands on the button where there is room, so its name has to hold it (WCAG 2.5.3). */
const SEARCH_KEYS = 'Ctrl K';

function SearchButton() {
  const { t } = useTranslation();
  return (
    <Tooltip label={t('search.open')}>
      <UnstyledButton
        onClick={spotlight.open}
        aria-label={`${t('search.open')} ${SEARCH_KEYS}`}
        px={6}
        py={4}
      >
        <IconSearch size={20} color="var(--rtm-muted)" style={{ verticalAlign: 'middle' }} />{' '}
        <Kbd visibleFrom="lg" size="xs">
          {SEARCH_KEYS}
        </Kbd>
      </UnstyledButton>
    </Tooltip>
  );
}

/** Another page begins at its head also for those who do not see it. */
function useFocusOnNavigation() {
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    main.current?.focus({ preventScroll: true });
  }, [pathname]);
  return main;
}
