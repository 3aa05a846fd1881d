import { goQuote } from '../goText.ts';

/** As much of Go's `net/url` as the checks of a server's address show: what it refuses, in its words, and how it writes an address again. */

export interface GoUrl {
  /** In lower case, `''` for none. */
  readonly scheme: string;
  /** `name:password`, as written; `undefined`: there is no `@`. */
  readonly user: string | undefined;
  /** With port. */
  readonly host: string;
  /** As written. */
  readonly path: string;
  /** What stands behind the colon of an address such as `mailto:a@b`. */
  readonly opaque: string;
  /** Behind the first `?`, as written; `undefined`: there is none. */
  readonly query: string | undefined;
  /** `undefined`: there is no `#`, or it was not looked for. */
  readonly fragment: string | undefined;
}

/** A text that Go would not take, with Go's words for it. */
export class GoUrlError extends Error {}

/** What stands in a host name besides letters and digits, and is no percent sign. */
const HOST = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\u{10ffff}]/u;
const USER = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
/** What Go leaves as it is when it writes a path. */
const PLAIN_PATH = /[^A-Za-z0-9\-_.~$&+,/:;=@%!'()*[\]]/gu;

/**
 * Go `url.Parse`, or `url.ParseRequestURI`, which knows no fragment and wants a scheme or a slash.
 *
 * @throws {GoUrlError}
 */
export function parseGoUrl(text: string, isRequest: boolean): GoUrl {
  const hash = isRequest ? -1 : text.indexOf('#');
  const whole = hash < 0 ? text : text.slice(0, hash);
  const refuse = (why: string): never => {
    throw new GoUrlError(`parse ${goQuote(whole)}: ${why}`);
  };
  if (Array.from(whole).some((character) => character < ' ' || character === '\x7f')) refuse('net/url: invalid control character in URL');
  if (whole === '' && isRequest) refuse('empty url');
  const scheme = /^[A-Za-z][A-Za-z0-9+\-.]*(?=:)/.exec(whole)?.[0] ?? '';
  if (scheme === '' && whole.startsWith(':')) refuse('missing protocol scheme');
  const behind = scheme === '' ? whole : whole.slice(scheme.length + 1);
  const mark = behind.indexOf('?');
  const rest = mark < 0 ? behind : behind.slice(0, mark);
  const known = {
    scheme: scheme.toLowerCase(),
    query: mark < 0 ? undefined : behind.slice(mark + 1),
    fragment: hash < 0 ? undefined : text.slice(hash + 1),
  };
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...known, user: undefined, host: '', path: '', opaque: rest };
    if (isRequest) refuse('invalid URI for request');
    if (/^[^/]*:/.test(rest)) refuse('first path segment in URL cannot contain colon');
  }
  const hasHost = rest.startsWith('//') && (scheme !== '' || (!isRequest && !rest.startsWith('///')));
  const authority = hasHost ? (/^[^/]*/.exec(rest.slice(2))?.[0] ?? '') : '';
  const path = hasHost ? rest.slice(2 + authority.length) : rest;
  const at = authority.lastIndexOf('@');
  const [user, host] = at < 0 ? [undefined, authority] : [authority.slice(0, at), authority.slice(at + 1)];
  const wrong =
    hostProblem(host) ?? (user !== undefined && !USER.test(user) ? 'net/url: invalid userinfo' : undefined) ?? escapeProblem(path);
  if (wrong !== undefined) refuse(wrong);
  return { ...known, user, host, path, opaque: '' };
}

/** The host without its port and brackets (Go `URL.Hostname`). */
export function hostNameOf({ host }: GoUrl): string {
  const bracketed = /^\[(.*)\]/.exec(host)?.[1];
  return bracketed ?? host.replace(/:[0-9]*$/, '');
}

/** The address as Go writes it: the scheme in lower case, what a path must not hold escaped (Go `URL.String`). */
export function formatGoUrl(url: GoUrl): string {
  const user = url.user === undefined ? '' : `${url.user}@`;
  const path = url.path.replace(PLAIN_PATH, (character) => encodeURIComponent(character.toWellFormed()));
  return `${url.scheme}://${user}${url.host}${path}${url.query === undefined ? '' : `?${url.query}`}`;
}

function hostProblem(host: string): string | undefined {
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']');
    if (end < 0) return `missing ']' in host`;
    return portProblem(host.slice(end + 1)) ?? nameProblem(host.slice(1, end));
  }
  const colon = host.lastIndexOf(':');
  return (colon < 0 ? undefined : portProblem(host.slice(colon))) ?? nameProblem(host);
}

function portProblem(port: string): string | undefined {
  return /^(?::[0-9]*)?$/.test(port) ? undefined : `invalid port ${goQuote(port)} after host`;
}

function nameProblem(name: string): string | undefined {
  const wrong = HOST.exec(name)?.[0];
  return wrong === undefined ? escapeProblem(name) : `invalid character ${goQuote(wrong)} in host name`;
}

function escapeProblem(text: string): string | undefined {
  const wrong = /%(?![0-9A-Fa-f]{2}).{0,2}/su.exec(text)?.[0];
  return wrong === undefined ? undefined : `invalid URL escape ${goQuote(wrong)}`;
}
