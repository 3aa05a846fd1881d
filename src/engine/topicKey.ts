import { goFields, goLower, goTrim, stripPrivateTags } from './goText.ts';

const FAMILY_OF_TYPE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    architecture: ['architecture', 'design', 'adr', 'refactor'],
    bug: ['bug', 'bugfix', 'fix', 'incident', 'hotfix'],
    decision: ['decision'],
    pattern: ['pattern', 'convention', 'guideline'],
    config: ['config', 'setup', 'infra', 'infrastructure', 'ci'],
    discovery: ['discovery', 'investigation', 'root_cause', 'root-cause'],
    learning: ['learning', 'learn'],
    session: ['session_summary'],
  }).flatMap(([family, types]) => types.map((type) => [type, family] as const)),
);

/** Words that tell the family of a text, wherever in it they stand; the first family with a hit counts. */
const FAMILY_OF_WORDS: readonly (readonly [family: string, words: RegExp])[] = [
  ['bug', /bug|fix|panic|error|crash|regression|incident/],
  ['architecture', /architecture|design|adr|boundary|hexagonal|refactor/],
  ['decision', /decision|tradeoff|chose|choose|decide/],
  ['pattern', /pattern|convention|naming|guideline/],
  ['config', /config|setup|env|docker|pipeline/],
  ['discovery', /discovery|investigate|investigation|found|root cause/],
  ['learning', /learned|learning/],
];

const MAX_SEGMENT = 100;
const WORDS_OF_CONTENT = 8;

/** A topic key for a memory that has none, `<family>/<words of the title>` (Go `store.SuggestTopicKey`). */
export function suggestTopicKey(type: string, title: string, content: string): string {
  const family = familyOf(type, `${title} ${content}`);
  const segment = toSegment(stripPrivateTags(title)) || toSegment(firstWords(stripPrivateTags(content))) || 'general';
  const rest = segment.startsWith(`${family}-`) ? segment.slice(family.length + 1) : segment;
  return `${family}/${rest === '' || rest === family ? 'general' : rest}`;
}

function familyOf(type: string, text: string): string {
  const name = goTrim(goLower(type));
  const lower = goLower(text);
  const family = FAMILY_OF_TYPE.get(name) ?? FAMILY_OF_WORDS.find(([, words]) => words.test(lower))?.[0];
  if (family !== undefined) return family;
  return name === '' || name === 'manual' ? 'topic' : toSegment(name);
}

function firstWords(content: string): string {
  return goFields(content).slice(0, WORDS_OF_CONTENT).join(' ');
}

/** Whatever is no ASCII letter or digit separates words: `ábc` gives `bc`. */
function toSegment(text: string): string {
  const words = goLower(text).match(/[a-z0-9]+/g) ?? [];
  return words.join('-').slice(0, MAX_SEGMENT);
}
