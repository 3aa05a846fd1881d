import { EngramError } from './errors.ts';
import { foldKey, isJsonArray, isJsonObject, parseGoJson } from './goJson.ts';
import type { JsonObject, JsonValue } from './records.ts';

/** A field's type as Go spells it in its messages; a list names the struct of its elements. */
export type GoType = 'string' | '*string' | 'int' | 'int64' | 'bool' | '*float64' | GoStruct<unknown>;

export interface GoField {
  /** The key in the JSON. */
  readonly key: string;
  readonly property: string;
  readonly type: GoType;
}

/** A struct that Go's decoder fills. Unlike the reader of records it is as strict as Go: one field of a wrong type stops the whole document. */
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

/** Go `json.Unmarshal` into a struct. @throws {EngramError} chunk-corrupt, in Go's words; never with text of the document but numbers */
export function unmarshalGo<T>(source: string | Uint8Array, into: GoStruct<T>): T {
  return unmarshalGoValue(parseGoJson(source), into);
}

/** As {@link unmarshalGo}, of JSON that is parsed already. */
export function unmarshalGoValue<T>(root: JsonValue, into: GoStruct<T>): T {
  if (root !== null && !isJsonObject(root)) throw mismatch(kindOf(root), 'value', into.goType);
  return structOf(into, root ?? new Map(), '');
}

/** What Go's messages call a value that is not `null`. */
export function kindOf(value: Exclude<JsonValue, null>): 'string' | 'bool' | 'array' | 'object' | 'number' {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (isJsonArray(value)) return 'array';
  return isJsonObject(value) ? 'object' : 'number';
}

/** Go `json.UnmarshalTypeError`. @param place `value`, or `struct field` and the field */
export function mismatch(found: string, place: string, wanted: string): EngramError {
  return new EngramError('chunk-corrupt', `json: cannot unmarshal ${found} into Go ${place} of type ${wanted}`);
}

/** In the order of the text: of several wrong fields the first is named, and a later `null` leaves a field as it is (a pointer at none). */
function structOf<T>(struct: GoStruct<T>, json: JsonObject, path: string): T {
  const values = new Map<GoField, unknown>();
  for (const [key, value] of json) {
    const field = struct.fields.get(key) ?? struct.fields.get(foldKey(key));
    if (field === undefined) continue;
    if (value !== null) values.set(field, fieldOf(field.type, value, { owner: struct.name, path: `${path}${field.key}` }));
    else if (isPointer(field.type)) values.delete(field);
  }
  const record: Record<string, unknown> = {};
  for (const field of struct.fields.values()) {
    const value = values.get(field) ?? zeroOf(field.type);
    if (value !== undefined) record[field.property] = value;
  }
  // The struct names each property of T with its type, which is what the compiler cannot follow.
  return record as T;
}

function isPointer(type: GoType): boolean {
  return typeof type === 'object' || type.startsWith('*');
}

function zeroOf(type: GoType): unknown {
  if (typeof type === 'object') return [];
  if (type === 'string') return '';
  if (type === 'bool') return false;
  return isPointer(type) ? undefined : 0;
}

interface Place {
  readonly owner: string;
  readonly path: string;
}

function fieldOf(type: GoType, value: Exclude<JsonValue, null>, place: Place): unknown {
  if (typeof type === 'object') return listOf(type, value, place);
  switch (type) {
    case 'string':
    case '*string':
      return typeof value === 'string' ? value : refuse(kindOf(value), 'string', place);
    case 'int':
    case 'int64':
      return int64Of(value) ?? refuse(isNumber(value) ? `number ${numberText(value)}` : kindOf(value), type, place);
    case '*float64':
      if (!isNumber(value)) return refuse(kindOf(value), 'float64', place);
      return Number.isFinite(Number(numberText(value))) ? value : refuse(`number ${numberText(value)}`, 'float64', place);
    case 'bool':
      return typeof value === 'boolean' ? value : refuse(kindOf(value), 'bool', place);
  }
}

function listOf(struct: GoStruct<unknown>, value: Exclude<JsonValue, null>, place: Place): unknown[] {
  if (!isJsonArray(value)) return refuse(kindOf(value), `[]${struct.goType}`, place);
  return value.map((element) => {
    if (element !== null && !isJsonObject(element)) return refuse(kindOf(element), struct.goType, place);
    return structOf(struct, element ?? new Map(), `${place.path}.`);
  });
}

function refuse(found: string, wanted: string, { owner, path }: Place): never {
  throw mismatch(found, `struct field ${owner}.${path}`, wanted);
}

type GoNumber = number | bigint | { readonly raw: string };

function isNumber(value: JsonValue): value is GoNumber {
  return value !== null && kindOf(value) === 'number';
}

function numberText(value: GoNumber): string {
  return typeof value === 'object' ? value.raw : String(value);
}

/** A number that is not exact in JavaScript still writes the digits that it was read from. */
function int64Of(value: JsonValue): number | bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? value : undefined;
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? value : undefined;
  return isNumber(value) && numberText(value) === '-0' ? 0 : undefined;
}
