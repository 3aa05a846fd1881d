// `node test/journeys/run.ts [part of a name] [--docs] [--light]`: journeys on the `.vsix` that was packed last.
import { runJourneys } from './runner.ts';

const args = process.argv.slice(2);
const only = args.find((arg) => !arg.startsWith('--'));
const { failed } = await runJourneys({
  docs: args.includes('--docs'),
  ...(args.includes('--light') && { theme: 'light' }),
  ...(only !== undefined && { only }),
});
process.exit(failed > 0 ? 1 : 0);
