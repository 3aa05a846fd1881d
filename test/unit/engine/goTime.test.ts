import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant, formatRfc3339, instantOf, instantToMs } from '../../../src/engine/goTime.ts';

describe('instantOf', () => {
  it.each([
    ['2025-01-02 03:04:05', '2025-01-02T03:04:05.000000000'],
    [' 2025-01-02 03:04:05.25 ', '2025-01-02T03:04:05.250000000'],
    ['2025-01-02T03:04:05Z', '2025-01-02T03:04:05.000000000'],
    ['2026-08-21T10:00:00.123456789Z', '2026-08-21T10:00:00.123456789'],
    ['2026-08-21T10:00:00.1234567899Z', '2026-08-21T10:00:00.123456789'],
    ['2025-01-02T03:04:05+02:00', '2025-01-02T01:04:05.000000000'],
    ['2025-01-01T00:30:00-01:30', '2025-01-01T02:00:00.000000000'],
    ['2025-01-02T3:04:05Z', '2025-01-02T03:04:05.000000000'],
    ['2025-01-02T03:04:05,5Z', '2025-01-02T03:04:05.500000000'],
    ['2025-01-02T03:04:05+24:00', '2025-01-01T03:04:05.000000000'],
    ['2024-02-29 00:00:00', '2024-02-29T00:00:00.000000000'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000000000'],
    ['0050-06-07T08:09:10Z', '0050-06-07T08:09:10.000000000'],
    ['9000-12-31T23:59:59Z', '9000-12-31T23:59:59.000000000'],
  ])('reads %s', (text, instant) => {
    expect(instantOf(text)).toBe(instant);
  });

  it.each([
    '',
    '   ',
    'garbage',
    '2025-01-02',
    '2025-01-02T03:04:05',
    '2025-01-02 03:04:05Z',
    '2025-01-02t03:04:05z',
    '2025-01-02T03:04:05+0200',
    '2025-01-02T03:04:05+25:00',
    '2025-13-02T03:04:05Z',
    '2025-02-29T03:04:05Z',
    '2025-00-01T03:04:05Z',
    '2025-01-00T03:04:05Z',
    '2025-01-02T24:00:00Z',
    '2025-01-02T23:60:00Z',
    '2025-01-02T23:59:60Z',
    '0000-01-01T00:00:00+01:00',
    '9001-01-01T00:00:00Z',
    '9000-12-31T23:59:59-01:00',
  ])('takes "%s" for blank', (text) => {
    expect(instantOf(text)).toBe('');
  });

  it('orders texts as their times are ordered, whatever their form', () => {
    const time = fc.integer({ min: 0, max: Date.UTC(2100, 0) });
    const form = fc.constantFrom(formatInstant, formatRfc3339);
    fc.assert(
      fc.property(time, time, form, form, (a, b, formA, formB) => {
        const [left, right] = [instantOf(formA(a)), instantOf(formB(b))];
        expect(left < right).toBe(Math.floor(a / 1000) < Math.floor(b / 1000));
        expect(instantToMs(left)).toBe(Math.floor(a / 1000) * 1000);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof instantOf(text) === 'string'));
  });
});

describe('the forms that are written', () => {
  it('are those of the Go program', () => {
    const ms = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    expect(formatInstant(ms)).toBe('2026-01-02 03:04:05');
    expect(formatRfc3339(ms)).toBe('2026-01-02T03:04:05Z');
    expect(instantToMs('')).toBeNaN();
    expect(instantToMs('2026-01-02T03:04:05.678999999')).toBe(ms);
  });
});
