import { plain } from './plainText.ts';

/** How times are written: the editor's language, the machine's zone. */
export interface Calendar {
  readonly locale: string;
  /** IANA name; absent: the machine's. */
  readonly timeZone?: string;
  /** Times are written to the second. */
  readonly seconds?: true;
}

/** `2026-02-01T09:00:00Z` as a short date and time. Text that is no time is shown as it stands (cut): it came from a teammate's file. */
export function momentText(written: string, calendar: Calendar): string {
  return format(written, calendar, { dateStyle: 'medium', timeStyle: calendar.seconds ? 'medium' : 'short' });
}

/** The day alone, for groups. */
export function dayText(written: string, calendar: Calendar): string {
  return format(written, calendar, { dateStyle: 'full' });
}

function format(written: string, { locale, timeZone }: Calendar, options: Intl.DateTimeFormatOptions): string {
  const instant = instantIn(written);
  if (instant === undefined) return plain(written, 30);
  return new Intl.DateTimeFormat(locale, { ...options, ...(timeZone && { timeZone }) }).format(instant);
}

/** Milliseconds; the form `YYYY-MM-DD HH:MM:SS` is UTC. */
export function instantIn(written: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}/.test(written)) return undefined;
  const isBare = /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d+)?$/.test(written);
  const instant = Date.parse(isBare ? `${written.replace(' ', 'T')}Z` : written);
  return Number.isNaN(instant) ? undefined : instant;
}
