import type { components } from './schema';

type Body = components['schemas']['Problem'];

/** What went wrong with one field. */
export interface FieldError {
  field: string;
  message: string;
}

/**
 * An answer that is not a success (RFC 9457), or no answer at all. Decide by `code`; `detail` is for people.
 * Every query and mutation fails with this and nothing else.
 */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    /** Stable and machine-readable; `unreachable` where no answer came, `unreadable` where it was no problem document. */
    readonly code: string,
    /** HTTP status; 0 where no answer came. */
    readonly status: number,
    readonly detail: string | null = null,
    readonly fields: readonly FieldError[] = [],
    readonly requestId: string | null = null,
    /** Seconds, from `Retry-After`. */
    readonly retryAfter: number | null = null,
    /** Whatever else the problem says, by its name. */
    readonly more: Readonly<Record<string, unknown>> = {},
  ) {
    super(detail ?? code);
  }

  /** Nobody answered: the connection is broken, or the server is away. */
  get unreachable(): boolean {
    return this.status === 0;
  }

  static unreachable(): Problem {
    return new Problem('unreachable', 0);
  }

  static from(response: Response, body: unknown): Problem {
    const requestId = response.headers.get('x-request-id');
    const retryAfter = seconds(response.headers.get('retry-after'));
    if (!isBody(body)) return new Problem('unreadable', response.status, null, [], requestId, retryAfter);
    const { code, detail, errors, request_id: id } = body;
    return new Problem(code, response.status, detail ?? null, errors ?? [], id ?? requestId, retryAfter, {
      ...body,
    });
  }
}

function isBody(body: unknown): body is Body {
  return typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string';
}

function seconds(header: string | null): number | null {
  const value = Number(header ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : null;
}
