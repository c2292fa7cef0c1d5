/**
 * What happens when the server says that there is no session any more. The API client does not know of pages; the
 * application says at its start what is to be done.
 */
let listener: () => void = () => undefined;

export function onSessionEnd(act: () => void): void {
  listener = act;
}

export function sessionEnded(): void {
  listener();
}
