import { spawn } from 'node:child_process';

export interface ExecOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** `true`: the output goes to the terminal as well as into the result. */
  readonly echo?: boolean;
  readonly timeoutMs?: number;
}

export interface ExecResult {
  readonly code: number;
  /** stdout and stderr as they came, UTF-8. */
  readonly output: string;
  readonly stdout: string;
}

/** Runs a program to its end. Never rejects for its exit code; a program that cannot be started has code 127. */
export function exec(program: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  return new Promise((resolve) => {
    let output = '';
    let stdout = '';
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd ? { cwd: options.cwd } : {}),
      ...(options.env ? { env: options.env } : {}),
      ...(options.timeoutMs ? { timeout: options.timeoutMs } : {}),
    });
    const collect = (stream: NodeJS.WriteStream) => (data: Buffer) => {
      output += data.toString();
      if (options.echo) stream.write(data);
    };
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stdout.on('data', collect(process.stdout));
    child.stderr.on('data', collect(process.stderr));
    child.on('error', (error) => resolve({ code: 127, output: error.message, stdout: '' }));
    child.on('close', (code) => resolve({ code: code ?? 1, output, stdout }));
  });
}

/** Like {@link exec}, but throws with the whole output where the program fails. Returns stdout. */
export async function mustExec(program: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  const result = await exec(program, args, options);
  if (result.code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${result.code}:\n${result.output}`);
  return result.stdout;
}
