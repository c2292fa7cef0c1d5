import { TextInput } from '@mantine/core';
import type { Problem } from '~/api';
import { ProblemAlert, useProblemForm } from '~/components';

/** A form of one field, `tag`, that the server does not accept. */
export function TagForm({ failure }: { failure: Problem }) {
  const { form, problem, otherFields, submit } = useProblemForm({ initialValues: { tag: '' } });
  return (
    <form onSubmit={submit(() => Promise.reject(failure))}>
      <TextInput label="Tag" {...form.getInputProps('tag')} />
      <ProblemAlert problem={problem} fields={otherFields} />
      <button type="submit">Send</button>
    </form>
  );
}
