import { goTrim } from './goText.ts';

/**
 * Date, hour, minute, second, fraction, zone. From Go's RFC 3339 parser: the hour may have one digit, the fraction may stand behind a
 * comma and have any length, `T` and `Z` are upper-case, an offset has a colon.
 */
const TIME = /^(\d{4})-(\d\d)-(\d\d)([T ])(\d{1,2}):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)?$/;
const LAST_YEAR = 9000;

interface Moment {
  /** Whole seconds since 1970, in milliseconds. */
  readonly ms: number;
  /** Nine digits. */
  readonly nanoseconds: string;
  readonly hasZone: boolean;
}

/**
 * A point in time as UTC text `YYYY-MM-DDTHH:MM:SS.nnnnnnnnn`, so that instants are compared as texts.
 *
 * @param text RFC 3339 as Go reads it, or `YYYY-MM-DD HH:MM:SS` in UTC, with or without a fraction; white space around it is ignored.
 * @returns `''`, the earliest, for text that is blank, does not parse, or lies before the year 0 or after the year 9000.
 */
export function instantOf(text: string): string {
  const moment = parse(goTrim(text));
  if (moment === undefined) return '';
  const date = new Date(moment.ms);
  const year = date.getUTCFullYear();
  if (year < 0 || year > LAST_YEAR) return '';
  return `${date.toISOString().slice(0, 19)}.${moment.nanoseconds}`;
}

/** Milliseconds since 1970 of an instant of {@link instantOf}, rounded down; NaN for `''`. */
export function instantToMs(instant: string): number {
  return Date.parse(`${instant.slice(0, 23)}Z`);
}

/** The form of the database's columns: `YYYY-MM-DD HH:MM:SS`, UTC (Go `store.Now`). */
export function formatInstant(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** The form of a manifest's `created_at`: RFC 3339, UTC, whole seconds, `Z`. */
export function formatRfc3339(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** What the Go program compares: RFC 3339 as `YYYY-MM-DD HH:MM:SS` in UTC, anything else trimmed (Go `store.normalizeComparableTimestamp`). */
export function normalizeTimestamp(text: string): string {
  const trimmed = goTrim(text);
  const moment = parse(trimmed);
  return moment?.hasZone ? formatInstant(moment.ms) : trimmed;
}

/** With a `T` a zone is demanded, with a space there is none. */
function parse(text: string): Moment | undefined {
  const found = TIME.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, separator, hour, minute, second, fraction = '', zone] = found;
  if ((separator === 'T') !== (zone !== undefined)) return undefined;
  const offset = zone === undefined ? 0 : offsetMinutes(zone);
  const ms = dayMs(Number(year), Number(month), Number(day));
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)];
  if (ms === undefined || offset === undefined || hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return {
    ms: ms + ((hours * 60 + minutes - offset) * 60 + seconds) * 1000,
    nanoseconds: fraction.slice(0, 9).padEnd(9, '0'),
    hasZone: zone !== undefined,
  };
}

/** Go lets an offset be up to 24 hours and 60 minutes. */
function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 24 || minutes > 60) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** Start of a day; `undefined` for a day that the month does not have. */
function dayMs(year: number, month: number, day: number): number | undefined {
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}
