import { notifications } from '@mantine/notifications';

/** Short words that go by themselves. What must be read stands on the page: `ProblemAlert`. */
export const notify = {
  done(message: string): void {
    notifications.show({ message, color: 'teal', autoClose: 4000 });
  },
  /** `message` from `useProblemText`. */
  failed(message: string): void {
    notifications.show({ message, color: 'red', autoClose: 8000, role: 'alert' });
  },
};
