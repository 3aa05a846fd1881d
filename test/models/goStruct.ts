import { EngramError } from '../../src/engine/errors.ts';
import { foldKey, isJsonArray, isJsonObject, parseGoJson } from '../../src/engine/goJson.ts';
import type { JsonObject, JsonValue } from '../../src/engine/records.ts';

/** What stops a Go program, in its words. */
export class GoError extends Error {}

/** A field's type as Go spells it in its messages; a list names the struct of its elements. */
type GoType = 'string' | '*string' | 'int' | 'int64' | 'bool' | '*float64' | GoStruct<unknown>;

interface GoField {
  /** The key in the JSON. */
  readonly key: string;
  readonly property: string;
  readonly type: GoType;
}

/** A struct that Go's decoder fills. Unlike the engine's reader it is as strict as Go: one field of a wrong type stops the whole document. */
export interface GoStruct<T> {
  /** As messages name the owner of a field: `Observation`. */
  readonly name: string;
  /** As messages name the type: `store.Observation`. */
  readonly goType: string;
  readonly fields: ReadonlyMap<string, GoField>;
  /** Only for the compiler: what one decoded value is. */
  readonly of?: T;
}

/** @param fields the keys of `T` in the order of the struct; the JSON's key is the same in snake_case. */
export function goStruct<T>(goType: string, fields: { readonly [K in keyof T & string]-?: GoType }): GoStruct<T> {
  const list = Object.entries<GoType>(fields).map(([property, type]) => ({ key: snakeCase(property), property, type }));
  return { name: goType.slice(goType.indexOf('.') + 1), goType, fields: new Map(list.map((field) => [field.key, field])) };
}

function snakeCase(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** Go `json.Unmarshal` into a struct. @throws {GoError} */
export function unmarshal<T>(source: string | Uint8Array, into: GoStruct<T>): T {
  return unmarshalValue(parse(source), into);
}

/** As {@link unmarshal}, of JSON that is parsed already. */
export function unmarshalValue<T>(root: JsonValue, into: GoStruct<T>): T {
  if (root !== null && !isJsonObject(root))
    throw new GoError(`json: cannot unmarshal ${kindOf(root)} into Go value of type ${into.goType}`);
  return structOf(into, root ?? new Map(), '');
}

function parse(source: string | Uint8Array): JsonValue {
  try {
    return parseGoJson(source);
  } catch (error) {
    if (EngramError.is(error)) throw new GoError(error.message);
    throw error;
  }
}

function structOf<T>(struct: GoStruct<T>, json: JsonObject, path: string): T {
  const values = new Map<GoField, JsonValue>();
  for (const [key, value] of json) {
    const field = struct.fields.get(key) ?? struct.fields.get(foldKey(key));
    if (field !== undefined) values.set(field, value);
  }
  const record: Record<string, unknown> = {};
  for (const field of struct.fields.values()) {
    const value = fieldOf(field.type, values.get(field) ?? null, { owner: struct.name, path: `${path}${field.key}` });
    if (value !== undefined) record[field.property] = value;
  }
  // The struct names each property of T with its type, which is what the compiler cannot follow.
  return record as T;
}

interface Place {
  readonly owner: string;
  readonly path: string;
}

/** `null` leaves a field at its zero value, a pointer at none. */
function fieldOf(type: GoType, value: JsonValue, place: Place): unknown {
  if (typeof type === 'object') return listOf(type, value, place);
  switch (type) {
    case 'string':
    case '*string':
      if (value === null) return type === 'string' ? '' : undefined;
      return typeof value === 'string' ? value : refuse(kindOf(value), 'string', place);
    case 'int':
    case 'int64':
      if (value === null) return 0;
      return isInt64(value) ? value : refuse(isNumber(value) ? `number ${textOf(value)}` : kindOf(value), type, place);
    case '*float64':
      if (value === null) return undefined;
      return isNumber(value) ? value : refuse(kindOf(value), 'float64', place);
    case 'bool':
      if (value === null) return false;
      return typeof value === 'boolean' ? value : refuse(kindOf(value), 'bool', place);
  }
}

function listOf(struct: GoStruct<unknown>, value: JsonValue, place: Place): unknown[] {
  if (value === null) return [];
  if (!isJsonArray(value)) return refuse(kindOf(value), `[]${struct.goType}`, place);
  return value.map((element) => {
    if (element !== null && !isJsonObject(element)) return refuse(kindOf(element), struct.goType, place);
    return structOf(struct, element ?? new Map(), `${place.path}.`);
  });
}

function refuse(found: string, wanted: string, { owner, path }: Place): never {
  throw new GoError(`json: cannot unmarshal ${found} into Go struct field ${owner}.${path} of type ${wanted}`);
}

function kindOf(value: Exclude<JsonValue, null>): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (isJsonArray(value)) return 'array';
  return isJsonObject(value) ? 'object' : 'number';
}

function isNumber(value: JsonValue): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || (value !== null && typeof value === 'object' && 'raw' in value);
}

function isInt64(value: JsonValue): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  return typeof value === 'bigint' && BigInt.asIntN(64, value) === value;
}

function textOf(value: JsonValue): string {
  return value !== null && typeof value === 'object' && 'raw' in value ? value.raw : String(value);
}
