// `npm start`: the product on a demo team. `npm start -- --smoke`: the whole story without a person.
import { runWithProjectNode } from './bootstrap.mjs';

runWithProjectNode('startDemo.ts');
