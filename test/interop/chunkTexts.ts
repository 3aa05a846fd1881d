import fc from 'fast-check';

/**
 * JSON texts of chunks that are nearly what a program writes: keys twice or in other letters, values of wrong types, payloads in payloads. Few
 * different ids, so that rows and mutations meet. What is no JSON at all is left out: the server reads the text as a part of another.
 */

type Text = fc.Arbitrary<string>;

/** One of these texts; the first much more often. */
function mostly(usual: Text, ...rare: readonly Text[]): Text {
  return fc.oneof({ arbitrary: usual, weight: 12 * rare.length }, ...rare.map((arbitrary) => ({ arbitrary, weight: 1 })));
}

const oneOf = (...texts: readonly string[]): Text => fc.constantFrom(...texts);
const quoted = (text: Text): Text => text.map((value) => JSON.stringify(value));

const number = oneOf(
  '0',
  '1',
  '-0',
  '1.0',
  '1e3',
  '1e-7',
  '9007199254740993',
  '4611686018427387905',
  '1e20',
  '1e21',
  '-5',
  '0.1',
  '3.10',
  '1e400',
);
const oddity = fc.oneof(number, oneOf('null', 'true', '[]', '{}', '{"b":[1.0,{"z":null,"a":"<"}],"a":2}', '"x"'));
const text = quoted(
  oneOf(
    'x',
    ' y ',
    'Title & <more>',
    '\u2028\u00e9 \u{1f600}',
    '\u00a0z\u3000',
    '\ufeffq',
    'a\tb\n',
    '\ufffd',
    '\u007f\u0001',
    '"\\',
    '\ud800',
  ),
);
const session = mostly(quoted(oneOf('s1', 's2', ' s1 ', 's3')), quoted(oneOf('', '\t')), oddity);
const syncId = mostly(quoted(oneOf('o1', 'o2', ' o1 ')), quoted(oneOf('', ' ')), oddity);
const filled = mostly(text, quoted(oneOf('', ' \n')), oddity);
const whole = mostly(oneOf('1', '2', '0'), number, oddity);
const flag = mostly(oneOf('true', 'false'), oddity);
const project = mostly(quoted(oneOf('demo', 'other', 'Demo')), oddity);

/** Usually there, rarely left out; sometimes. */
const always = 20;
const sometimes = 1;
type Field = readonly [key: string, value: Text, weight: typeof always | typeof sometimes];

/** An object: the fields in any order, rarely one in capitals, one twice, or one that nobody knows. */
function object(...fields: readonly Field[]): Text {
  const member = ([key, value, weight]: Field): fc.Arbitrary<readonly string[]> => {
    const name = mostly(
      oneOf(key),
      oneOf(key.toUpperCase(), `${key.slice(0, 1).toUpperCase()}${key.slice(1)}`, key.replace('s', '\u017f')),
    );
    const written = fc.tuple(name, value).map(([as, is]) => [`${JSON.stringify(as)}:${is}`]);
    const absent = fc.constant<readonly string[]>([]);
    // With the same value: Go looks at both, ours at the last one only.
    const again = written.map((once) => [...once, ...once]);
    return fc.oneof(
      { arbitrary: written, weight },
      { arbitrary: absent, weight: 1 },
      ...(weight === always ? [{ arbitrary: again, weight: 1 }] : []),
    );
  };
  const unknown = mostly(
    oneOf(''),
    quoted(oneOf('zz', 'Z', '', '<')).chain((key) => oddity.map((value) => `${key}:${value}`)),
  );
  return fc.tuple(fc.tuple(...fields.map(member)), unknown, fc.boolean()).map(([members, more, isReversed]) => {
    const list = [...members.flat(), ...(more === '' ? [] : [more])];
    return `{${(isReversed ? list.reverse() : list).join(',')}}`;
  });
}

const DELETION: readonly Field[] = [
  ['deleted', flag, sometimes],
  ['deleted_at', filled, sometimes],
  ['hard_delete', flag, sometimes],
];
const SESSION: readonly Field[] = [
  ['id', session, always],
  ['directory', filled, always],
  ['project', project, sometimes],
  ['started_at', text, sometimes],
  ['ended_at', filled, sometimes],
  ['summary', filled, sometimes],
];
const OBSERVATION: readonly Field[] = [
  ['sync_id', syncId, always],
  ['session_id', session, always],
  ['type', filled, always],
  ['title', filled, always],
  ['content', filled, always],
  ['scope', filled, always],
  ['tool_name', filled, sometimes],
  ['project', project, sometimes],
  ['topic_key', filled, sometimes],
  ['revision_count', whole, sometimes],
  ['duplicate_count', whole, sometimes],
  ['last_seen_at', filled, sometimes],
  ['created_at', filled, sometimes],
  ['updated_at', filled, sometimes],
];
const PROMPT: readonly Field[] = [
  ['sync_id', syncId, always],
  ['session_id', session, always],
  ['content', filled, always],
  ['project', project, sometimes],
  ['created_at', filled, sometimes],
];
const RELATION: readonly Field[] = [
  ['sync_id', syncId, always],
  ['source_id', syncId, always],
  ['target_id', syncId, always],
  ['relation', filled, always],
  ['reason', filled, sometimes],
  ['evidence', filled, sometimes],
  ['confidence', mostly(oneOf('0.5', '1'), number, oddity), sometimes],
  ['judgment_status', filled, always],
  ['marked_by_actor', filled, always],
  ['marked_by_kind', filled, always],
  ['marked_by_model', filled, sometimes],
  ['session_id', session, sometimes],
  ['project', project, sometimes],
  ['created_at', filled, sometimes],
  ['updated_at', filled, sometimes],
];

/** A payload is a text, which rarely holds a text, or what cannot be read. */
function payload(of: Text): Text {
  const odd = oneOf('', ' ', '{', 'nope', '[]', 'null', '"', '"{', '{} x', '{"id":"s1","directory":"/d"}');
  const plain = mostly(of, odd);
  const inner = plain.map((json) => JSON.stringify(json));
  return mostly(
    quoted(plain),
    quoted(inner),
    quoted(inner.map((json) => JSON.stringify(json))),
    quoted(plain.map((json) => ` ${json}\n`)),
    oddity,
  );
}

const ENTITIES: Readonly<Record<string, readonly Field[]>> = {
  session: SESSION,
  observation: OBSERVATION,
  prompt: PROMPT,
  relation: RELATION,
};

const mutation = fc.constantFrom(...Object.keys(ENTITIES)).chain((entity) => {
  const key = entity === 'session' ? session : syncId;
  return object(
    ['entity', mostly(oneOf(JSON.stringify(entity)), quoted(oneOf(` ${entity} `, entity.toUpperCase(), 'tag', '')), oddity), always],
    ['op', mostly(quoted(oneOf('upsert', 'upsert', 'delete')), quoted(oneOf(' upsert', 'update', '')), oddity), always],
    ['entity_key', fc.oneof({ arbitrary: oneOf('""', '" "'), weight: 3 }, { arbitrary: key, weight: 2 }), always],
    ['payload', payload(object(...(ENTITIES[entity] ?? []), ...DELETION)), always],
    ['seq', whole, sometimes],
    ['target_key', filled, sometimes],
    ['source', filled, sometimes],
    ['project', project, sometimes],
    ['occurred_at', filled, sometimes],
    ['acked_at', filled, sometimes],
  );
});

const ROW_ID: Field = ['id', whole, sometimes];
function list(element: Text): Text {
  const elements = fc.array(mostly(element, oddity), { maxLength: 3 }).map((texts) => `[${texts.join(',')}]`);
  return mostly(elements, oneOf('null', '[]'), oddity);
}

/** The text of a chunk. */
export const chunkText: Text = object(
  ['sessions', list(object(...SESSION)), always],
  ['observations', list(object(ROW_ID, ...OBSERVATION)), sometimes],
  ['prompts', list(object(ROW_ID, ...PROMPT)), sometimes],
  ['mutations', list(mutation), always],
);
