/**
 * `vscode.l10n.t`, handed to the pure models so that they can be tested without an editor. The first argument is always a literal:
 * `test/unit/ui/wording.test.ts` collects them and checks that every translation knows them.
 */
export type Translate = (message: string, ...args: (string | number)[]) => string;
