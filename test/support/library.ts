import { onTestFinished } from 'vitest';
import type { Transport } from '../../src/engine/ports.ts';
import { openStore, type Store } from '../../src/folder/store.ts';
import { Syncer } from '../../src/folder/syncer.ts';
import { WASM_PATH } from './folder.ts';

/** A store that is closed with the test. */
export async function storeAt(path: string): Promise<Store> {
  const store = await openStore(path, { wasmPath: WASM_PATH });
  onTestFinished(() => store.close());
  return store;
}

/** @param place a folder, or a transport. */
export function syncerOf(store: Store, place: string | Transport): Syncer {
  const syncer = typeof place === 'string' ? Syncer.local(store, place) : Syncer.withTransport(store, place);
  onTestFinished(() => syncer.close());
  return syncer;
}

/** A syncer with a cloud, closed with the test. */
export function cloudSyncerOf(store: Store, transport: Transport, project = 'demo'): Syncer {
  const syncer = Syncer.cloud(store, transport, project);
  onTestFinished(() => syncer.close());
  return syncer;
}
