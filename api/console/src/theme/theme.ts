import {
  ActionIcon,
  Badge,
  Button,
  createTheme,
  Modal,
  Paper,
  Table,
  Tooltip,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from '@mantine/core';
import { restoreFocus } from '~/components/focus';

/** The colour of the house: what can be pressed, and where one is. Never a state. */
const sea: MantineColorsTuple = [
  '#e8f5f9',
  '#d3e8ef',
  '#a6d1de',
  '#76b8cd',
  '#4fa4bf',
  '#3697b6',
  '#2587a6',
  '#127594',
  '#0b6684',
  '#04536d',
];

/** Chinese fonts stand after the Latin ones, so that digits and Latin letters keep their shape. */
const CJK =
  "'PingFang SC', 'Hiragino Sans GB', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC'";

/** The greys of the dark scheme lean to the colour of the house. */
const dark: MantineColorsTuple = [
  '#c9d4dc',
  '#b3c0ca',
  '#8d9ba7',
  '#5f6f7c',
  '#384651',
  '#2a353f',
  '#212b34',
  '#161e25',
  '#11181e',
  '#0c1116',
];

export const theme = createTheme({
  colors: { sea, dark },
  primaryColor: 'sea',
  primaryShade: { light: 8, dark: 7 },
  autoContrast: true,
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontFamily: `system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', ${CJK}, sans-serif`,
  fontFamilyMonospace: `ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', ${CJK}, monospace`,
  headings: {
    fontWeight: '650',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1.0625rem' },
      h3: { fontSize: '0.9375rem' },
    },
  },
  // Operators want much on one screen.
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  spacing: { xs: '0.5rem', sm: '0.625rem', md: '0.875rem', lg: '1.25rem', xl: '1.75rem' },
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm', fw: 550 } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray' } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', tt: 'none', fw: 550 } }),
    // Its head is a `<header>`, which would be a second banner of the page.
    ModalHeader: { defaultProps: { role: 'presentation' } },
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        overlayProps: { backgroundOpacity: 0.45, blur: 1 },
        onExitTransitionEnd: restoreFocus,
        // The head of a dialog is not that of the page, for which its element stands.
        attributes: { header: { role: 'presentation' } },
      },
    }),
    Paper: Paper.extend({ defaultProps: { withBorder: true } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 6 } }),
    Tooltip: Tooltip.extend({
      defaultProps: {
        openDelay: 250,
        withArrow: true,
        multiline: true,
        maw: 340,
        events: { hover: true, focus: true, touch: true },
      },
    }),
  },
});

/** Mantine's own variables, pointed at ours where theirs are too pale to read (WCAG AA). */
export const cssVariables: CSSVariablesResolver = () => {
  const ours = {
    '--mantine-color-body': 'var(--rtm-surface)',
    '--mantine-color-text': 'var(--rtm-text)',
    '--mantine-color-dimmed': 'var(--rtm-muted)',
    '--mantine-color-placeholder': 'var(--rtm-muted)',
    '--mantine-color-default-border': 'var(--rtm-line)',
    '--mantine-color-error': 'var(--rtm-bad-fg)',
    '--mantine-color-anchor': 'var(--rtm-active-fg)',
  };
  return { variables: {}, light: ours, dark: ours };
};
