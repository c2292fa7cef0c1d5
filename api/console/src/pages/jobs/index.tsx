import { useParams } from 'react-router';
import { JobDetail } from './JobDetail';
import { Overview } from './Overview';

/** `/jobs` and `/jobs/:id`. */
export function Component() {
  const { id } = useParams();
  return id === undefined ? <Overview /> : <JobDetail key={id} id={id} />;
}
