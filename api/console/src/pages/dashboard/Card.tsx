import { Paper, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './dashboard.module.css';

interface Props {
  title: string;
  /** At the right of the title. */
  aside?: ReactNode;
  children: ReactNode;
  className?: string | undefined;
}

/** A part of the page with a title of its own. */
export function Card({ title, aside, children, className }: Props) {
  return (
    <Paper component="section" p="md" aria-label={title} {...(className ? { className } : {})}>
      <div className={classes.cardHead}>
        <Title order={2}>{title}</Title>
        <span className={classes.space} />
        {aside}
      </div>
      {children}
    </Paper>
  );
}
