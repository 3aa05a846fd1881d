import { resolve } from 'node:path';

/** The WASM module of sql.js, as installed. */
export const WASM_PATH = resolve(import.meta.dirname, '../../node_modules/sql.js/dist/sql-wasm.wasm');
