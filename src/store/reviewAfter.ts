import { formatInstant } from '../engine/goTime.ts';

/** Months until a new memory of this type should be looked at again. Source: `decayReviewAfterMonths` of v1.14.0. */
const REVIEW_MONTHS: ReadonlyMap<string, number> = new Map([
  ['decision', 6],
  ['policy', 12],
  ['preference', 3],
]);

/**
 * When a new memory should be looked at again, `undefined` for most types. A day that the month does not have runs over into the next
 * one, as in Go's `AddDate`: six months after 31 August is 3 March.
 */
export function reviewAfter(type: string, nowMs: number): string | undefined {
  const months = REVIEW_MONTHS.get(type);
  if (months === undefined) return undefined;
  const date = new Date(nowMs);
  date.setUTCMonth(date.getUTCMonth() + months);
  return formatInstant(date.getTime());
}
