import { ActionIcon, AppShell, Burger, Kbd, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useRef, useState, type RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Outlet, ScrollRestoration, useLocation, useNavigate } from 'react-router';
import { IconHelp, IconSearch } from '~/icons';
import { LiveProvider } from '~/query';
import { AccountMenu } from './AccountMenu';
import { Banners } from './Banners';
import classes from './Layout.module.css';
import { Late } from './Late';
import { LiveIndicator } from './LiveIndicator';
import { Logo } from './Logo';
import { Navigation } from './Navigation';
import { PAGES } from './pages';
import { ShortcutProvider, useShortcut } from './shortcuts';
import { LanguageSwitch, ThemeSwitch } from './switches';

const Search = lazy(() => import('./Search'));
const ShortcutHelp = lazy(() => import('./ShortcutHelp'));

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
  // How often the search was asked for.
  const [asked, setAsked] = useState(0);
  const search = () => setAsked((times) => times + 1);
  const main = useRef<HTMLElement>(null);
  useHotkeys([['mod+K', search]]);
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
            <SearchButton onOpen={search} />
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
            {/* Texts that a page did not announce. */}
            <Suspense fallback={null}>
              <Outlet />
            </Suspense>
          </div>
        </AppShell.Main>
      </AppShell>
      <Late now={help}>
        <ShortcutHelp opened={help} onClose={closeHelp} />
      </Late>
      <Late now={asked > 0}>
        <Search asked={asked} onHelp={openHelp} />
      </Late>
      {PAGES.map((page) => (
        <GoTo
          key={page.name}
          path={page.path}
          keys={`g ${page.key}`}
          label={t('shortcuts.goto', { page: t(`nav.${page.name}`) })}
        />
      ))}
      <FocusOnNavigation target={main} />
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

function SearchButton({ onOpen }: { onOpen: () => void }) {
  const { t } = useTranslation();
  return (
    <Tooltip label={t('search.open')}>
      <UnstyledButton onClick={onOpen} aria-label={`${t('search.open')} ${SEARCH_KEYS}`} px={6} py={4}>
        <IconSearch size={20} color="var(--rtm-muted)" style={{ verticalAlign: 'middle' }} />{' '}
        <Kbd visibleFrom="lg" size="xs">
          {SEARCH_KEYS}
        </Kbd>
      </UnstyledButton>
    </Tooltip>
  );
}

/** Another page begins at its head also for those who do not see it. */
function FocusOnNavigation({ target }: { target: RefObject<HTMLElement | null> }) {
  const { pathname } = useLocation();
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    target.current?.focus({ preventScroll: true });
  }, [pathname, target]);
  return null;
}
