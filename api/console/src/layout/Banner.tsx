import { CloseButton } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Look } from '~/theme/states';
import classes from './Layout.module.css';

interface BannerProps {
  look: Look;
  children: ReactNode;
  action?: ReactNode;
  dismissible?: boolean;
}

/** One line over the page. What can be put aside comes back at the next visit. */
export function Banner({ look: { tone, Icon }, children, action, dismissible = false }: BannerProps) {
  const { t } = useTranslation();
  const [shown, setShown] = useState(true);
  if (!shown) return null;
  return (
    <div
      role="status"
      className={classes.banner}
      style={{
        color: `var(--rtm-${tone}-fg)`,
        backgroundColor: `var(--rtm-${tone}-bg)`,
        borderColor: `color-mix(in srgb, var(--rtm-${tone}-fg) 40%, transparent)`,
      }}
    >
      <Icon size={18} aria-hidden />
      <span className={classes.bannerText}>{children}</span>
      {action}
      {dismissible ? (
        <CloseButton size="sm" aria-label={t('banner.dismiss')} onClick={() => setShown(false)} />
      ) : null}
    </div>
  );
}
