import { useTranslation } from 'react-i18next';
import { ProblemAlert } from './problems';

interface Props {
  /** The error of the reading; nothing is shown where it is `null`. */
  problem: unknown;
  /** Something was read before and still stands there. */
  shown: boolean;
  retry: () => void;
}

/** Reading failed: there is nothing to show, or what is shown is older than one would think. */
export function LoadProblem({ problem, shown, retry }: Props) {
  const { t } = useTranslation();
  return (
    <ProblemAlert
      problem={problem}
      title={t(shown ? 'problem.oldTitle' : 'problem.loadTitle')}
      retry={retry}
    />
  );
}
