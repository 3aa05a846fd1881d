import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeLooseUtf8, encodeLooseUtf8 } from '../../../src/adapters/looseUtf8.ts';
import type { SqlDatabase } from '../../../src/engine/ports.ts';

/** What every driver on the SQL port does alike. @param open gives an empty database. */
export function sqlDatabaseContract(name: string, open: () => Promise<SqlDatabase>): void {
  describe(name, () => {
    let database: SqlDatabase;

    beforeAll(async () => {
      database = await open();
      database.run('CREATE TABLE t(id INTEGER PRIMARY KEY, text TEXT, number INTEGER, real REAL, blob BLOB)');
    });

    afterAll(() => database.close());

    function roundTrip(column: string, value: string | number | bigint | Uint8Array | null): unknown {
      database.run(`INSERT OR REPLACE INTO t(id, ${column}) VALUES(1, ?)`, [value]);
      return database.all(`SELECT ${column} AS value FROM t WHERE id = 1`)[0]?.['value'];
    }

    describe('values', () => {
      it('keeps any well-formed text, with byte order marks, NULs and real U+FFFD', () => {
        fc.assert(
          fc.property(
            fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
            (text) => {
              expect(roundTrip('text', text)).toBe(text);
            },
          ),
        );
        for (const text of ['\ufeffa', '\ufeff', '\ufeff\ufeffx', '\ufffd', 'a\0b', '\0', '']) expect(roundTrip('text', text)).toBe(text);
      });

      it('gives bad bytes as lone surrogates and writes them back as the same bytes', () => {
        fc.assert(
          fc.property(fc.uint8Array(), (bytes) => {
            const text = decodeLooseUtf8(bytes);
            expect(Buffer.from(encodeLooseUtf8(text))).toEqual(Buffer.from(bytes));
            expect(roundTrip('text', text)).toBe(text);
            const [row] = database.all('SELECT CAST(text AS BLOB) AS bytes, typeof(text) AS type FROM t');
            expect(row).toEqual({ bytes: Uint8Array.from(bytes), type: 'text' });
          }),
        );
      });

      it('counts bad bytes as Go does: one by one', () => {
        expect(decodeLooseUtf8(Uint8Array.of(0x61, 0xe2, 0x80))).toBe('a\udce2\udc80');
        expect(decodeLooseUtf8(Uint8Array.of(0xed, 0xa0, 0x80))).toBe('\udced\udca0\udc80');
        expect(decodeLooseUtf8(Uint8Array.of(0xc3, 0xc3, 0xa9))).toBe('\udcc3é');
      });

      it('stores surrogates that stand for no byte as U+FFFD', () => {
        expect(roundTrip('text', 'a\ud800b\udc00')).toBe('a\ufffdb\ufffd');
      });

      it('keeps 64-bit integers, as numbers where they are exact', () => {
        fc.assert(
          fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
            expect(roundTrip('number', value)).toBe(Number.isSafeInteger(Number(value)) ? Number(value) : value);
          }),
        );
        fc.assert(
          fc.property(fc.maxSafeInteger(), (value) => {
            expect(roundTrip('number', value)).toBe(value || 0);
          }),
        );
      });

      it('keeps real numbers, blobs and null', () => {
        expect(roundTrip('real', 0.1)).toBe(0.1);
        expect(roundTrip('real', 1)).toBe(1);
        expect(roundTrip('blob', Uint8Array.of(0, 255))).toEqual(Uint8Array.of(0, 255));
        expect(roundTrip('text', null)).toBeNull();
      });

      it('finds a row by a text with bad bytes, and leaves question marks in literals alone', () => {
        roundTrip('text', 'x\udcff');
        expect(database.all(`SELECT '?' AS mark, "text" FROM t WHERE text = ? AND id = ?`, ['x\udcff', 1])).toEqual([
          { mark: '?', text: 'x\udcff' },
        ]);
      });
    });

    describe('statements', () => {
      it('iterates lazily, twice at the same time, and can stop early', () => {
        database.run('DELETE FROM t');
        for (const id of [1, 2, 3]) database.run('INSERT INTO t(id) VALUES(?)', [id]);
        const pairs: unknown[] = [];
        for (const outer of database.iterate('SELECT id FROM t ORDER BY id')) {
          for (const inner of database.iterate('SELECT id FROM t ORDER BY id')) {
            pairs.push([outer['id'], inner['id']]);
            if (inner['id'] === 2) break;
          }
        }
        expect(pairs).toEqual([
          [1, 1],
          [1, 2],
          [2, 1],
          [2, 2],
          [3, 1],
          [3, 2],
        ]);
        expect(database.all('SELECT id FROM t ORDER BY id')).toHaveLength(3);
      });

      it('frees a statement that was left early, so that its table can be dropped', () => {
        database.run('CREATE TABLE gone(id INTEGER); INSERT INTO gone VALUES(1),(2)');
        for (const row of database.iterate('SELECT id FROM gone')) {
          expect(row).toEqual({ id: 1 });
          break;
        }
        expect(() => database.run('DROP TABLE gone')).not.toThrow();
      });

      it('returns the number of changed rows and says whether a transaction is open', () => {
        expect(database.run('UPDATE t SET real = ? WHERE id > ?', [0.5, 1])).toBe(2);
        expect(database.inTransaction).toBe(false);
        database.run('BEGIN');
        expect(database.inTransaction).toBe(true);
        database.run('ROLLBACK');
        expect(database.inTransaction).toBe(false);
      });

      it('says store-corrupt for whatever SQLite complains of, and works on afterwards', () => {
        const corrupt = expect.objectContaining({ name: 'EngramError', code: 'store-corrupt' });
        expect(() => database.run('INSERT INTO t(id) VALUES(?)', [1])).toThrow(corrupt);
        expect(() => database.all('SELECT nothing FROM t')).toThrow(corrupt);
        expect(() => database.run('no sql')).toThrow(corrupt);
        expect(database.all('SELECT count(*) AS n FROM t')).toEqual([{ n: 3 }]);
      });
    });
  });
}
