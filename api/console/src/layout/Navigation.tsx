import { Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { NavLink } from 'react-router';
import classes from './Layout.module.css';
import { PAGES } from './pages';

export function Navigation({ onNavigate }: { onNavigate: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack gap={2} p="xs">
      {PAGES.map(({ name, path, Icon }) => (
        <NavLink key={name} to={path} end={path === '/'} className={classes.link ?? ''} onClick={onNavigate}>
          <Icon size={19} stroke={1.8} aria-hidden />
          {t(`nav.${name}`)}
        </NavLink>
      ))}
    </Stack>
  );
}
