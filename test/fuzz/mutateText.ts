import type { Random } from '../simulation/random.ts';

/** Values that a field of any kind may have in a hostile or damaged file, as JSON. */
const NASTY = [
  'null',
  'true',
  '0',
  '-0',
  '-1',
  '1.0',
  '1e3',
  '1e400',
  '-1e400',
  '1e-400',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999999999999999',
  '0.1e1',
  '01',
  'NaN',
  '[]',
  '{}',
  '[[]]',
  '{"__proto__":{"id":"x"}}',
  '""',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"__proto__"',
  '"constructor"',
  '"9999-12-31T23:59:60Z"',
  '"0000-00-00 00:00:00"',
  '"{\\"a\\":1}"',
  '"../../x"',
  '"\\uD83D\\uDE00"',
  '"\t"',
];
const NASTY_KEYS = [
  '__proto__',
  'constructor',
  'toString',
  'SYNC_ID',
  'ſync_id',
  'Sessions',
  'id',
  'x_at',
  'extra',
  '',
  'deleted_at',
  'payload',
];
/** A string with its colon if it is a key, a number, a word, or a sign of structure. */
const TOKEN = /"(?:[^"\\]|\\.)*"\s*:?|-?\d[\d.eE+-]*|true|false|null|[[\]{},]/g;

type Mutation = (text: string, random: Random) => string;

function tokensOf(text: string): { start: number; end: number; isKey: boolean; isValue: boolean }[] {
  return [...text.matchAll(TOKEN)].map(({ 0: token, index }) => {
    const isKey = token.endsWith(':');
    return { start: index, end: index + token.length, isKey, isValue: !isKey && !/^[[\]{},]$/.test(token) };
  });
}

function splice(text: string, start: number, end: number, put: string): string {
  return text.slice(0, start) + put + text.slice(end);
}

const replaceValue: Mutation = (text, random) => {
  const token = random.pick(tokensOf(text).filter(({ isValue }) => isValue));
  return token ? splice(text, token.start, token.end, random.pick(NASTY) ?? '') : text;
};

const replaceKey: Mutation = (text, random) => {
  const token = random.pick(tokensOf(text).filter(({ isKey }) => isKey));
  return token ? splice(text, token.start, token.end, `${JSON.stringify(random.pick(NASTY_KEYS) ?? '')}:`) : text;
};

/** The same key twice, or one more, at the place of another. */
const insertMember: Mutation = (text, random) => {
  const keys = tokensOf(text).filter(({ isKey }) => isKey);
  const [at, other] = [random.pick(keys), random.pick(keys)];
  if (!at || !other) return text;
  const key = random.chance(0.5) ? text.slice(other.start, other.end) : `${JSON.stringify(random.pick(NASTY_KEYS) ?? '')}:`;
  return splice(text, at.start, at.start, `${key}${random.pick(NASTY) ?? 'null'},`);
};

const moveTokens: Mutation = (text, random) => {
  const tokens = tokensOf(text);
  const [one, two] = [random.pick(tokens), random.pick(tokens)];
  return one && two ? splice(text, one.start, one.end, text.slice(two.start, two.end)) : text;
};

const removeSpan: Mutation = (text, random) => {
  const start = random.int(0, text.length);
  return splice(text, start, start + random.int(1, 40), '');
};

const repeatSpan: Mutation = (text, random) => {
  const start = random.int(0, text.length);
  return splice(text, start, start, text.slice(start, start + random.int(1, 400)));
};

const truncate: Mutation = (text, random) => text.slice(0, random.int(0, text.length));

const flipCharacter: Mutation = (text, random) => {
  const at = random.int(0, Math.max(0, text.length - 1));
  return splice(text, at, at + 1, String.fromCharCode(random.int(0, random.chance(0.8) ? 127 : 0xffff)));
};

const nest: Mutation = (text, random) => {
  const token = random.pick(tokensOf(text).filter(({ isValue }) => isValue));
  if (!token) return text;
  const depth = random.oneOf(50, 9_990, 100_000);
  const open = random.oneOf('[', '{"a":');
  const close = open === '[' ? ']' : '}';
  return splice(text, token.start, token.end, `${open.repeat(depth)}1${random.chance(0.7) ? close.repeat(depth) : ''}`);
};

const decorate: Mutation = (text, random) =>
  random.oneOf(
    `\ufeff${text}`,
    text.replaceAll(',', ',\r\n'),
    `${text}\n`,
    ` \t\r\n${text} `,
    `${text}${text}`,
    `${text},`,
    `// comment\n${text}`,
    `<<<<<<< HEAD\n${text}\n=======\n${text}\n>>>>>>> theirs\n`,
    `[${text}]`,
    `{"data":${text}}`,
  );

const SMALL: readonly [Mutation, ...Mutation[]] = [
  replaceValue,
  replaceValue,
  replaceKey,
  insertMember,
  moveTokens,
  removeSpan,
  repeatSpan,
  truncate,
  flipCharacter,
  decorate,
];

/** Changes JSON as damage, other programs and ill will do: one to four small things, seldom a deep nesting. */
export function mutateText(text: string, random: Random): string {
  if (random.chance(0.02)) return nest(text, random);
  let mutated = text;
  for (let times = random.int(1, 4); times > 0; times -= 1) mutated = random.oneOf(...SMALL)(mutated, random);
  return mutated;
}

/** One value made huge, at most 33 MB, or a list made long: two thousand records, which are imported, or more than any program writes. */
export function inflateText(random: Random): string {
  const size = random.oneOf(1, 10, 33) * 1_000_000;
  const fill = (unit: string): string => unit.repeat(Math.ceil(size / unit.length));
  const chunk = (list: string, key = 'observations'): string => `{"sessions":null,"${key}":[${list}],"prompts":null}`;
  const numbered = (make: (n: number) => string, each: number): string =>
    Array.from({ length: size > 1_000_000 ? Math.ceil(size / each) : 2_000 }, (_, n) => make(n)).join(',');
  return random.oneOf(
    () => chunk(`{"sync_id":"obs-1","session_id":"s-1","title":"${fill('long ')}"}`),
    () => chunk(`{"sync_id":"obs-1","session_id":"s-1","content":"${fill('\\u00e4')}"}`),
    () => chunk(`{"sync_id":"${fill('k')}","session_id":"${fill('s').slice(0, 1000)}"}`),
    () => chunk(`${fill('{},')}{}`),
    () => chunk(`${fill('0,')}0`, 'sessions'),
    () => chunk(`${fill('[],')}[]`, 'mutations'),
    () => chunk(`${fill('{"title":3},')}{}`),
    () => chunk(numbered((n) => `{"sync_id":"o${n}"}`, 20)),
    () =>
      chunk(
        numbered((n) => `{"id":"s${n}"}`, 15),
        'sessions',
      ),
    () =>
      chunk(
        numbered((n) => `{"entity":"session","payload":"{\\"id\\":\\"m${n}\\"}"}`, 50),
        'mutations',
      ),
    () => `{${numbered((n) => `"k${n}":1`, 12)}}`,
    () => chunk(`{"sync_id":"obs-1","x":${fill('9')}}`),
    () => chunk(`{"sync_id":"obs-1","revision_count":${fill('9')}}`),
    () => fill(' '),
    () => `"${fill('\\n')}"`,
  )();
}
