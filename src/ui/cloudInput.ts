import type { Translate } from './translate.ts';

/** Plain `http` is for this machine only: anybody on the way could read the token. */
const THIS_MACHINE = /^(?:localhost|\[::1\]|127(?:\.\d{1,3}){3})$/;

/** What is wrong with the address of a server, in the words of the input box; the engine checks again. */
export function serverProblem(t: Translate, typed: string): string | undefined {
  const text = typed.trim();
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return t('Write it in full, such as https://memories.example.com');
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  if (username !== '' || password !== '') return t('No name or password here: the token comes next.');
  if (search !== '' || hash !== '') return t('Only the server, without ? or #.');
  if (protocol === 'http:' && !THIS_MACHINE.test(hostname)) return t('Use https: with http anybody on the way could read the token.');
  return undefined;
}
