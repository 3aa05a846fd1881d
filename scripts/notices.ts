// `npm run notices`: writes THIRD-PARTY-NOTICES.txt for what the last build put into `dist`.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { noticesText } from './noticesText.ts';
import { root } from './paths.ts';

writeFileSync(path.join(root, 'THIRD-PARTY-NOTICES.txt'), noticesText());
