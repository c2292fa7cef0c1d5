import { notifications } from '@mantine/notifications';
import i18next from 'i18next';

/** The button that puts one away has no words of its own. */
const closable = () => ({ closeButtonProps: { 'aria-label': i18next.t('action.close') } });

/** Short words that go by themselves. What must be read stands on the page: `ProblemAlert`. */
export const notify = {
  done(message: string): void {
    notifications.show({ message, color: 'teal', autoClose: 4000, ...closable() });
  },
  /** `message` from `useProblemText`. */
  failed(message: string): void {
    notifications.show({ message, color: 'red', autoClose: 8000, role: 'alert', ...closable() });
  },
};
