// `npm test`: everything. `npm test -- unit journeys`: those suites only (see suites.ts).
import { runWithProjectNode } from './bootstrap.mjs';

runWithProjectNode('runTests.ts');
