import { describe, expect, it } from 'vitest';
import { EngramError } from '../../../src/engine/errors.ts';
import { isJsonObject, parseGoJson, stringifyGo } from '../../../src/engine/goJson.ts';
import {
  decodeMutationPayload,
  mutationFromJson,
  mutationToJson,
  observationFromJson,
  observationToJson,
  promptFromJson,
  promptToJson,
  relationFromJson,
  relationToJson,
  sessionFromJson,
  sessionToJson,
} from '../../../src/engine/recordCodec.ts';
import type { JsonObject } from '../../../src/engine/records.ts';

function object(text: string): JsonObject {
  const value = parseGoJson(text);
  if (!isJsonObject(value)) throw new Error('not an object');
  return value;
}

/** Every key of each entity, in the order in which Go writes them. */
const WHOLE = {
  session: '{"id":"s","project":"p","directory":"d","started_at":"t","ended_at":"","summary":"x"}',
  observation:
    '{"id":7,"sync_id":"o","session_id":"s","type":"y","title":"t","content":"c","tool_name":"","project":"p","scope":"project","topic_key":"k","revision_count":9223372036854775807,"duplicate_count":-1,"last_seen_at":"l","created_at":"c","updated_at":"u","deleted_at":"d"}',
  prompt: '{"id":3,"sync_id":"q","session_id":"s","content":"c","project":"p","created_at":"t"}',
  relation:
    '{"sync_id":"r","source_id":"a","target_id":"b","relation":"supersedes","reason":"","evidence":"e","confidence":0.90,"judgment_status":"j","marked_by_actor":"m","marked_by_kind":"k","marked_by_model":"l","session_id":"s","project":"p","created_at":"c","updated_at":"u"}',
  mutation:
    '{"seq":1,"target_key":"cloud","entity":"session","entity_key":"s","op":"upsert","payload":"{}","source":"local","project":"p","occurred_at":"t","acked_at":"a"}',
};

describe('records', () => {
  it.each([
    ['session', (json: JsonObject) => sessionToJson(sessionFromJson(json))],
    ['observation', (json: JsonObject) => observationToJson(observationFromJson(json))],
    ['prompt', (json: JsonObject) => promptToJson(promptFromJson(json))],
    ['relation', (json: JsonObject) => relationToJson(relationFromJson(json))],
    ['mutation', (json: JsonObject) => mutationToJson(mutationFromJson(json))],
  ] as const)('%s: all fields in order, and a shuffled record likewise', (entity, around) => {
    const text = WHOLE[entity];
    expect(stringifyGo(around(object(text)))).toBe(text);
    expect(stringifyGo(around(new Map([...object(text)].reverse())))).toBe(text);
  });

  it('leave out what Go leaves out, and nothing else', () => {
    expect(stringifyGo(sessionToJson(sessionFromJson(object('{"ended_at":null}'))))).toBe(
      '{"id":"","project":"","directory":"","started_at":""}',
    );
    expect(stringifyGo(promptToJson(promptFromJson(object('{"project":""}'))))).toBe(
      '{"id":0,"sync_id":"","session_id":"","content":"","created_at":""}',
    );
    expect(observationFromJson(object('{"tool_name":"","project":null}'))).toMatchObject({ toolName: '' });
    expect(observationFromJson(object('{"project":null}'))).not.toHaveProperty('project');
  });

  it('keep unknown keys', () => {
    const session = sessionFromJson(object('{"id":"s","ownership_mode":"shared"}'));
    expect(session.extra).toEqual(new Map([['ownership_mode', 'shared']]));
  });

  it.each([
    ['{"title":{}}', 'title is an object, not text'],
    ['{"deleted_at":true}', 'deleted_at is a boolean, not text'],
    ['{"revision_count":"1"}', 'revision_count is text, not a whole number of 64 bits'],
    ['{"revision_count":9223372036854775808}', 'revision_count is a number, not a whole number of 64 bits'],
  ])('name the field of the wrong type: %s', (text, message) => {
    expect(() => observationFromJson(object(text))).toThrow(new EngramError('chunk-corrupt', message));
  });

  it('refuse a confidence that is no float64', () => {
    expect(() => relationFromJson(object('{"confidence":1e400}'))).toThrow('confidence is a number, not a number of 64 bits');
    expect(relationFromJson(object('{"confidence":1e3}')).confidence).toEqual({ raw: '1e3' });
  });

  it('take a payload that is an object for its text', () => {
    expect(mutationFromJson(object('{"payload":{"id":"s","x":1.0}}')).payload).toBe('{"id":"s","x":1.0}');
  });
});

describe('decodeMutationPayload', () => {
  it.each(['{"id":"s"}', ' {"id":"s"}\n', '"{\\"id\\":\\"s\\"}"'])('reads %s', (payload) => {
    expect(decodeMutationPayload(payload)).toEqual(new Map([['id', 's']]));
  });

  it.each([
    ['', 'The payload is empty.'],
    ['null', 'The payload is null, not an object.'],
    ['[]', 'The payload is a list, not an object.'],
    ['"\\"x\\""', 'The payload is text, not an object.'],
    ['{', 'unexpected end of JSON input'],
  ])('refuses %j', (payload, message) => {
    expect(() => decodeMutationPayload(payload)).toThrow(new EngramError('chunk-corrupt', message));
  });
});
