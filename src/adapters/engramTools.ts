import { EngramError } from '../engine/errors.ts';
import { BoundedProgram, type ProgramEnd, type ProgramRun } from './boundedProgram.ts';
import { withoutSecrets } from './engramProgram.ts';

/** What a tool said. Hostile text. */
export interface ToolAnswer {
  readonly text: string;
  readonly isError: boolean;
  /** The program has no such tool. */
  readonly isUnknown: boolean;
}

export type AskTool = (name: string, values: Readonly<Record<string, unknown>>) => Promise<ToolAnswer>;

/** Longer sentences of the program are cut. */
const WORDS_LENGTH = 200;
/** The oldest that all releases speak; they answer with it whatever they are asked for. */
const PROTOCOL = '2024-11-05';
/** `Method not found` and `Invalid params` of JSON-RPC: how an MCP server says that it does not know a tool. */
const UNKNOWN_TOOL: ReadonlySet<unknown> = new Set([-32601, -32602]);

/**
 * Starts the program as an MCP server on its standard input and output (one JSON-RPC message a line), lets `talk` ask its tools, and ends
 * it. What is saved goes through its input: arguments of a program can be read by everybody on the machine.
 *
 * @throws {EngramError} program-failed, cancelled
 */
export async function askTools<T>(run: Omit<ProgramRun, 'args' | 'onOutput'>, talk: (ask: AskTool) => Promise<T>): Promise<T> {
  const lines = new Lines();
  const program = new BoundedProgram({ ...run, args: ['mcp'], onOutput: (text) => lines.add(text) });
  const conversation = new Conversation(program, lines);
  // The failure is heard where somebody waits for an answer.
  const failed = program.ended.then((end) => conversation.fail(failureOf(end, program.errors)));
  try {
    await conversation.begin();
    return await talk((name, values) => conversation.tool(name, values));
  } finally {
    program.close();
    await failed;
  }
}

/** The JSON-RPC of one run: a question, then its answer. */
class Conversation {
  readonly #program: BoundedProgram;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #failure: EngramError | undefined;
  #last = 0;

  constructor(program: BoundedProgram, lines: Lines) {
    this.#program = program;
    lines.onLine = (line) => this.#receive(line);
  }

  async begin(): Promise<void> {
    const clientInfo = { name: 'engram-team-memory', version: '1' };
    await this.#ask('initialize', { protocolVersion: PROTOCOL, capabilities: {}, clientInfo });
    this.#send({ method: 'notifications/initialized' });
  }

  async tool(name: string, values: Readonly<Record<string, unknown>>): Promise<ToolAnswer> {
    const { result, error } = await this.#ask('tools/call', { name, arguments: values });
    if (error) return { text: textOf(error, 'message'), isError: true, isUnknown: UNKNOWN_TOOL.has(fieldOf(error, 'code')) };
    const content = fieldOf(result, 'content');
    const texts = Array.isArray(content) ? content.map((part) => textOf(part, 'text')) : [];
    return { text: texts.join('\n'), isError: fieldOf(result, 'isError') === true, isUnknown: false };
  }

  fail(error: EngramError): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(this.#failure);
    this.#waiting.clear();
  }

  #ask(method: string, params: object): Promise<Answer> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = ++this.#last;
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.set(id, answer);
    this.#send({ id, method, params });
    return answer.promise;
  }

  #send(message: object): void {
    this.#program.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  /** A banner, a notification, or an answer to nobody is passed over. */
  #receive(line: string): void {
    if (!line.startsWith('{')) return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      const sentence =
        'The engram program answered with something that is no answer. What it was asked for may have been done all the same.';
      this.fail(new EngramError('program-failed', sentence));
      return;
    }
    const id = fieldOf(message, 'id');
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (typeof id !== 'number' || !waiting) return;
    this.#waiting.delete(id);
    waiting.resolve({ result: fieldOf(message, 'result'), error: fieldOf(message, 'error') });
  }
}

interface Answer {
  readonly result: unknown;
  readonly error: unknown;
}

/** Text that comes in pieces, as lines without the blanks around them; what follows the last line feed waits for its own. */
export class Lines {
  onLine: (line: string) => void = () => undefined;
  #rest = '';

  add(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line.trim());
  }
}

/** Why a run brought no answer, or did not come to a good end: what happened and what is safe. */
export function failureOf(end: ProgramEnd, errors: string): EngramError {
  const open = 'What it had begun may be done: look at the memories before you try again.';
  switch (end.how) {
    case 'cancelled':
      return new EngramError('cancelled', 'Cancelled.');
    case 'not-started':
      return new EngramError('program-failed', `The engram program could not be started (${end.code}). Nothing was changed.`);
    case 'timeout':
      return new EngramError('program-failed', `The engram program took too long and was ended. ${open}`);
    case 'too-much':
      return new EngramError('program-failed', `The engram program wrote far more than an answer and was ended. ${open}`);
    case 'exited': {
      const words = lastWords(errors);
      return new EngramError('program-failed', `The engram program ended early${words === '' ? '' : ` (${words})`}. ${open}`);
    }
  }
}

/** Why the program gave up, in its own words: one line, without secrets; `''`: it said nothing. Its notes on newer releases come first, so what it says last counts. */
export function lastWords(errors: string): string {
  const lines = errors
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const line = lines.find((each) => each.startsWith('engram: '))?.slice('engram: '.length) ?? lines.at(-1) ?? '';
  return withoutSecrets(line).slice(0, WORDS_LENGTH);
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

function textOf(value: unknown, name: string): string {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : '';
}
