import type { Clock } from '../engine/ports.ts';

/** The clock of this machine. */
export const systemClock: Clock = { now: () => Date.now() };
