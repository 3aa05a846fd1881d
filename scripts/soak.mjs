// `npm run test:soak`: the long random runs (soakSuites.ts). `npm run test:soak -- writer-rules --from 501 --to 900`: those seeds of one of them.
import { runWithProjectNode } from './bootstrap.mjs';

runWithProjectNode('runSoak.ts');
