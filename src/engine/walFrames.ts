import { EngramError } from './errors.ts';

/**
 * The write-ahead log of an SQLite database, read without SQLite. Numbers are big-endian 32-bit words; only the checksum's own words follow the
 * byte order that the magic number names. Source of every fact here: https://sqlite.org/fileformat2.html#the_write_ahead_log
 */

/** Bytes of the log's header. */
export const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The last bit says which byte order the checksums use. */
const MAGIC = 0x377f0682;
const FORMAT_VERSION = 3_007_000;
/** Of the database header: write and read version (2: write-ahead log, 1: rollback journal), and the page size. */
const VERSION_OFFSET = 18;
const PAGE_SIZE_OFFSET = 16;

type Checksum = readonly [number, number];

interface WalHeader {
  readonly pageSize: number;
  readonly littleEndian: boolean;
  readonly checksum: Checksum;
}

interface Committed {
  readonly pageSize: number;
  /** Size of the database after the last commit. */
  readonly pages: number;
  /** Where the newest committed content of a page stands in the log, by page number. */
  readonly offsets: ReadonlyMap<number, number>;
}

/**
 * Which log it is: as long as this stays the same, the main file changes only by what stands in this log.
 *
 * @param start the first {@link WAL_HEADER_BYTES} bytes, or more
 * @returns `undefined` where there is no valid header: such a log holds nothing
 */
export function logGeneration(start: Uint8Array): string | undefined {
  return readHeader(start) && start.subarray(0, WAL_HEADER_BYTES).join();
}

/** Whether the database header says that changes may stand in a write-ahead log. */
export function saysWal(main: Uint8Array): boolean {
  return main[VERSION_OFFSET] === 2 || main[VERSION_OFFSET + 1] === 2;
}

/**
 * Puts the committed frames of a log over the main file, as SQLite does when it opens both: frames of an earlier log, with a wrong checksum, torn
 * or after the last commit are not there; the last commit says how many pages the database has.
 *
 * @param main bytes of the database file; an empty one has no log, whatever stands beside it
 * @param wal bytes of `<name>-wal`; empty where there is none
 * @returns bytes that a driver without write-ahead log opens (both versions are 1). They are for reading: never write them over the file.
 * @throws {EngramError} store-foreign: the log is of a format or page size that does not fit
 */
export function withCommittedFrames(main: Uint8Array, wal: Uint8Array): Uint8Array {
  if (main.length === 0) return main;
  const committed = committedFrames(wal);
  const whole = committed ? overlaid(main, wal, committed) : main.slice();
  if (saysWal(whole)) whole.fill(1, VERSION_OFFSET, VERSION_OFFSET + 2);
  return whole;
}

/** More than sql.js could hold, and more than the log's own checksums should be trusted with. */
const MAX_BYTES = 2 ** 31;

function overlaid(main: Uint8Array, wal: Uint8Array, { pageSize, pages, offsets }: Committed): Uint8Array {
  if (pages * pageSize > MAX_BYTES) throw unreadable('it is too large');
  const whole = new Uint8Array(pages * pageSize);
  whole.set(main.subarray(0, whole.length));
  for (const [page, offset] of offsets) {
    if (page <= pages) whole.set(wal.subarray(offset, offset + pageSize), (page - 1) * pageSize);
  }
  const stated = viewOf(whole).getUint16(PAGE_SIZE_OFFSET);
  if ((stated === 1 ? 65_536 : stated) !== pageSize) throw unreadable('its write-ahead log has another page size than the database');
  return whole;
}

/** @returns `undefined` where nothing is committed in it */
function committedFrames(wal: Uint8Array): Committed | undefined {
  const header = readHeader(wal);
  if (!header) return undefined;
  const { pageSize, littleEndian } = header;
  const view = viewOf(wal);
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  const offsets = new Map<number, number>();
  let open = new Map<number, number>();
  let pages = 0;
  let sum = header.checksum;
  for (let at = WAL_HEADER_BYTES; at + frameBytes <= wal.length; at += frameBytes) {
    const page = view.getUint32(at);
    if (page === 0 || !saltsMatch(view, at)) break;
    sum = checksum(view, at, 8, littleEndian, sum);
    sum = checksum(view, at + FRAME_HEADER_BYTES, pageSize, littleEndian, sum);
    if (view.getUint32(at + 16) !== sum[0] || view.getUint32(at + 20) !== sum[1]) break;
    open.set(page, at + FRAME_HEADER_BYTES);
    const committedPages = view.getUint32(at + 4);
    if (committedPages === 0) continue;
    pages = committedPages;
    for (const [each, offset] of open) offsets.set(each, offset);
    open = new Map();
  }
  return pages === 0 ? undefined : { pageSize, pages, offsets };
}

/** @returns `undefined` for a log that holds nothing: too short, another magic number, an impossible page size, a wrong checksum */
function readHeader(wal: Uint8Array): WalHeader | undefined {
  if (wal.length < WAL_HEADER_BYTES) return undefined;
  const view = viewOf(wal);
  const magic = view.getUint32(0);
  if ((magic & 0xfffffffe) >>> 0 !== MAGIC) return undefined;
  const littleEndian = (magic & 1) === 0;
  const pageSize = view.getUint32(8);
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return undefined;
  const sum = checksum(view, 0, 24, littleEndian, [0, 0]);
  if (view.getUint32(24) !== sum[0] || view.getUint32(28) !== sum[1]) return undefined;
  if (view.getUint32(4) !== FORMAT_VERSION) throw unreadable('its write-ahead log is of a format that is not known here');
  return { pageSize, littleEndian, checksum: sum };
}

/** A frame of an earlier log, still standing behind those of the present one, has other salts than the header. */
function saltsMatch(view: DataView, frame: number): boolean {
  return view.getUint32(frame + 8) === view.getUint32(16) && view.getUint32(frame + 12) === view.getUint32(20);
}

/** Runs on from `start`, over a number of bytes that is a multiple of 8. */
function checksum(view: DataView, from: number, bytes: number, littleEndian: boolean, start: Checksum): Checksum {
  let [first, second] = start;
  for (let at = from; at < from + bytes; at += 8) {
    first = (first + view.getUint32(at, littleEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, littleEndian) + first) >>> 0;
  }
  return [first, second];
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unreadable(why: string): EngramError {
  return new EngramError('store-foreign', `The database cannot be read here: ${why}. Nothing in it was touched.`);
}
