import { useForm, type FormErrors, type UseFormInput, type UseFormReturnType } from '@mantine/form';
import { useState, type SyntheticEvent } from 'react';
import { Problem, type FieldError } from '~/api';
import { ServerText } from './ServerText';

interface ProblemForm<V> {
  form: UseFormReturnType<V>;
  /** The problem of the last try, for `ProblemAlert`. */
  problem: unknown;
  /** Errors of fields that this form does not have, for `ProblemAlert`. */
  otherFields: readonly FieldError[];
  busy: boolean;
  /** Give it to `<form onSubmit>`: runs `act` with valid values, and puts the errors of the answer beside the fields. */
  submit: (act: (values: V) => Promise<unknown>) => (event?: SyntheticEvent<HTMLFormElement>) => void;
  forget: () => void;
}

/** A form whose fields show what the server says about them (`errors` of problem details), in the language of the page. */
export function useProblemForm<V extends Record<string, unknown>>(input: UseFormInput<V>): ProblemForm<V> {
  const form = useForm<V>(input);
  const [problem, setProblem] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  const fields = problem instanceof Problem ? problem.fields : [];
  const own = (field: string) => field in form.getValues();

  const submit: ProblemForm<V>['submit'] = (act) => {
    const run = async (values: V) => {
      setBusy(true);
      setProblem(null);
      try {
        await act(values);
      } catch (failure) {
        setProblem(failure);
        const errors = failure instanceof Problem ? failure.fields.filter(({ field }) => own(field)) : [];
        const texts = errors.map(({ field, message }) => [
          field,
          <ServerText key={field}>{message}</ServerText>,
        ]);
        form.setErrors(Object.fromEntries(texts) as FormErrors);
      } finally {
        setBusy(false);
      }
    };
    return form.onSubmit((values) => void run(values));
  };

  return {
    form,
    // Where every error stands beside its field, nothing has to be said twice.
    problem: fields.length > 0 && fields.every(({ field }) => own(field)) ? null : problem,
    otherFields: fields.filter(({ field }) => !own(field)),
    busy,
    submit,
    forget: () => setProblem(null),
  };
}
