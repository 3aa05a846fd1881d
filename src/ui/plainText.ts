/** Code points that a label may have before it is cut. */
export const LABEL_LENGTH = 80;
/** For tooltips, details and sentences. */
export const SENTENCE_LENGTH = 400;

/**
 * Text of others as one line that does nothing, for labels, descriptions, tooltips, status text, quick picks, notices and file names of
 * documents. VS Code turns `$(name)` into an icon in status items and quick picks, and `[text](command:…)` into a link in notices and
 * input boxes: both are broken by a space. Control, bidirectional and other invisible characters become U+FFFD (joiners stay, emoji
 * need them). Cut at a code point, with an ellipsis that counts.
 */
export function plain(text: string, maxLength = LABEL_LENGTH): string {
  const bounded = text.slice(0, maxLength * SLACK).toWellFormed();
  const oneLine = bounded.replace(/\s+/g, ' ').replace(INVISIBLE, '\ufffd').trim();
  const inert = oneLine.replaceAll('$(', '$ (').replaceAll('](', '] (');
  const points = [...inert];
  const isWhole = points.length <= maxLength && bounded.length === text.length;
  return isWhole ? inert : `${points.slice(0, maxLength - 1).join('')}…`;
}

/** A code point takes at most two units; the rest is room for white space that collapses. Keeps a 2 MB title cheap. */
const SLACK = 4;

/** Of the block of tags also those that mean nothing yet: they are as invisible. */
const INVISIBLE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\u{e0000}-\u{e007f}]/gu;
