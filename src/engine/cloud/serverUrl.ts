import { EngramError } from '../errors.ts';
import { goTrim } from '../goText.ts';
import { formatGoUrl, type GoUrl, GoUrlError, hostNameOf, parseGoUrl } from './goUrl.ts';

/** Who asks: `engram cloud config` and the command line, or a transport. Go checks the same things and words them differently. */
export type UrlForm = 'command-line' | 'transport';

/**
 * What the Go program says of a server's address (Go `validateCloudServerURL`, `remote.validateBaseURL`).
 *
 * @returns Go's sentence, without `error: `; `undefined`: it takes the address. Source: golden/cloud/http/urls.json.
 */
export function serverUrlProblem(text: string, form: UrlForm): string | undefined {
  const outcome = checked(text, form);
  return typeof outcome === 'string' ? outcome : undefined;
}

/**
 * The address of a cloud server as it is stored and used: what Go takes, but plain `http` to this machine only, no name or password, and
 * nothing that Go and JavaScript would read differently.
 *
 * @returns as Go writes it, without the slashes at the end. @throws {EngramError} cloud-config
 */
export function validateServerUrl(text: string, form: UrlForm = 'transport'): string {
  const outcome = checked(text, form);
  if (typeof outcome === 'string') throw new EngramError('cloud-config', outcome);
  if (outcome.user !== undefined) throw refused('It must not hold a name or password; the token is kept in a safe place.');
  const written = formatGoUrl({ ...outcome, query: undefined, fragment: undefined }).replace(/\/+$/, '');
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url === undefined || url.host === '' || url.search !== '' || url.hash !== '') throw refused('It is no address of a server.');
  if (url.hostname !== hostNameOf(outcome).toLowerCase() && !outcome.host.startsWith('['))
    throw refused('Write the host in its plain form.');
  if (url.protocol === 'http:' && !isThisMachine(url.hostname)) {
    throw refused('Plain http is only allowed to this machine, because anybody on the way could read the token: use https.');
  }
  return written;
}

function refused(why: string): EngramError {
  return new EngramError('cloud-config', `The address of the cloud server cannot be used. ${why}`);
}

/** @param hostname as `URL` writes it: numbers in their plain form, IPv6 in brackets */
function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}

function checked(text: string, form: UrlForm): GoUrl | string {
  const isCommandLine = form === 'command-line';
  const trimmed = goTrim(text);
  if (trimmed === '') return isCommandLine ? 'server URL is required' : 'cloud: remote url is required';
  const prefix = isCommandLine ? 'invalid server URL: ' : 'cloud: invalid remote url: ';
  let url: GoUrl;
  try {
    url = parseGoUrl(trimmed, isCommandLine);
  } catch (error) {
    if (error instanceof GoUrlError) return `${prefix}${error.message}`;
    throw error;
  }
  if (url.scheme !== 'http' && url.scheme !== 'https') return `${prefix}scheme must be http or https`;
  if ((isCommandLine ? hostNameOf(url) : url.host) === '') return `${prefix}host is required`;
  if ((url.query ?? '') !== '') return `${prefix}query is not allowed`;
  if ((url.fragment ?? '') !== '') return `${prefix}fragment is not allowed`;
  return url;
}
