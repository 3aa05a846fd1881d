import { join } from 'node:path';
import { version } from '../package.json';
import { runCommandLine } from './folder/commandLine.ts';

const write = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`);

runCommandLine(process.argv.slice(2), {
  wasmPath: join(__dirname, 'sql-wasm.wasm'),
  version,
  cwd: process.cwd(),
  env: process.env,
  out: write(process.stdout),
  err: write(process.stderr),
}).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
