// A program that is asked as an MCP server and is none, or a bad one: `oddPeer.ts <how> [file]`.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [how = '', file = ''] = process.argv.slice(2);

function print(text: string | Uint8Array): void {
  process.stdout.write(text);
}

function answer(id: unknown, rest: object): void {
  print(`${JSON.stringify({ jsonrpc: '2.0', id, ...rest })}\n`);
}

/** Does not even end when it is asked to. */
function hang(): void {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 1000);
}

const behaviours: Readonly<Record<string, (id: unknown) => void>> = {
  /** As it should, but in pieces, with lines of other things between. */
  well: (id) => {
    const line = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'läuft 🫠' }] } })}\n`);
    print('a banner\n{"jsonrpc":"2.0","method":"notifications/message"}\n{"jsonrpc":"2.0","id":99,"result":{}}\n');
    print(line.subarray(0, -9)); // inside of a character
    setTimeout(() => print(line.subarray(-9)), 20);
  },
  garbage: () => print('this is {no} JSON\nneither is this\n'),
  half: () => print('{"jsonrpc":"2.0","id":1,\n'),
  huge: () => print(`{"x":"${'y'.repeat(3_000_000)}"}\n`),
  early: () => {
    process.stderr.write('Could not look for a newer release.\nengram: the database is locked\n  at line 7\n');
    process.exit(3);
  },
  hang,
  child: () => {
    const waiting = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)';
    const child = spawn(process.execPath, ['-e', waiting], { stdio: 'inherit' });
    writeFileSync(file, String(child.pid));
    hang();
  },
  unknown: (id) => answer(id, id === 1 ? { result: {} } : { error: { code: -32602, message: 'no such tool' } }),
  refuses: (id) =>
    answer(id, { result: id === 1 ? {} : { isError: true, content: [{ type: 'text', text: 'Failed to save: disk I/O error' }] } }),
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id } = JSON.parse(line) as { id?: unknown };
  if (id !== undefined) behaviours[how]?.(id);
});
