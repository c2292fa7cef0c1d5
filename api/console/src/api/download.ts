import { Problem } from './problem';
import { sessionEnded } from './session';

/**
 * Asks for a file with a body, which a link cannot, and has the browser save it. The browser keeps large ones on the
 * disk. What goes wrong is a `Problem`.
 */
export async function download(path: string, body: unknown): Promise<void> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).catch(() => {
    throw Problem.unreachable();
  });
  if (!response.ok) {
    const problem = Problem.from(response, await response.json().catch(() => null));
    if (problem.code === 'unauthorized') sessionEnded();
    throw problem;
  }
  const name = /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  // A file that breaks off must not look like a whole one.
  const content = await response.blob().catch(() => {
    throw Problem.unreachable();
  });
  saveFile(content, name ?? 'download');
}

/** Has the browser save something that is there already. */
export function saveFile(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has taken it by the next turn; it holds secrets, so nothing else shall have it.
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
