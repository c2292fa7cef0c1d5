import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A program that is started and says when it is ready. */
export class Program {
  readonly #child: ChildProcess;
  #said = '';

  constructor(path: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) {
    // Nothing of a real installation's settings may get in.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('RTM_'));
    this.#child = spawn(path, args, {
      cwd,
      env: { ...Object.fromEntries(own), NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const listen = (part: Buffer) => {
      this.#said += part.toString();
    };
    this.#child.stdout?.on('data', listen);
    this.#child.stderr?.on('data', listen);
  }

  /** What it wrote until now. */
  get said(): string {
    return this.#said;
  }

  /** The first group of what it says. */
  async hears(pattern: RegExp, seconds = 60): Promise<string> {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      const found = pattern.exec(this.#said)?.[1];
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || Date.now() > until)
        throw new Error(
          `${this.#child.spawnfile} did not say ${String(pattern)}:\n${this.#said.slice(-4000)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Waits for it to end by itself. */
  async ends(): Promise<void> {
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    if (this.#child.exitCode !== 0) throw new Error(`${this.#child.spawnfile}: ${this.#said.slice(-4000)}`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(insist);
  }
}
