import { EngramError } from '../../src/engine/errors.ts';
import { type GoStruct, unmarshalGo, unmarshalGoValue } from '../../src/engine/goStruct.ts';
import type { JsonValue } from '../../src/engine/records.ts';

export { type GoStruct, goStruct } from '../../src/engine/goStruct.ts';

/** What stops a Go program, in its words. */
export class GoError extends Error {}

/** Go `json.Unmarshal` into a struct. @throws {GoError} */
export function unmarshal<T>(source: string | Uint8Array, into: GoStruct<T>): T {
  return inGo(() => unmarshalGo(source, into));
}

/** As {@link unmarshal}, of JSON that is parsed already. */
export function unmarshalValue<T>(root: JsonValue, into: GoStruct<T>): T {
  return inGo(() => unmarshalGoValue(root, into));
}

function inGo<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (EngramError.is(error)) throw new GoError(error.message);
    throw error;
  }
}
