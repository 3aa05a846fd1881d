import { badInput } from './badInput.ts';
import { clicking } from './clicking.ts';
import { cloud } from './cloud.ts';
import { cloudByItself } from './cloudByItself.ts';
import { folders } from './folders.ts';
import { healing } from './healing.ts';
import { health } from './health.ts';
import { hostileText } from './hostileText.ts';
import type { Journey } from './journey.ts';
import { liveMemories } from './liveMemories.ts';
import { lookingAround } from './lookingAround.ts';
import { memoryDialogs } from './memoryDialogs.ts';
import { reading } from './reading.ts';
import { restrictedMode } from './restrictedMode.ts';
import { states } from './states.ts';
import { storage } from './storage.ts';
import { theStory } from './story.ts';
import { withoutSqlite } from './withoutSqlite.ts';

/** Every journey of a full run. The story is also what `npm start -- --smoke` plays. */
export const journeys: readonly Journey[] = [
  theStory,
  clicking,
  ...lookingAround,
  ...reading,
  restrictedMode,
  ...states,
  ...folders,
  ...healing,
  liveMemories,
  ...memoryDialogs,
  withoutSqlite,
  ...health,
  ...cloud,
  cloudByItself,
  hostileText,
  ...badInput,
  ...storage,
];
