import { expect, it } from 'vitest';
import { serverUrlProblem, validateServerUrl } from '../../../src/engine/cloud/serverUrl.ts';
import { EngramError } from '../../../src/engine/errors.ts';
import { type GoldenUrl, readGoldenCloud, withGoldenCloud } from '../../support/goldenCloud.ts';

/** What the Go program takes and ours does not, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  'http://cloud.example': 'plain http',
  'HTTP://cloud.example': 'plain http',
  'http://cloud.example/': 'plain http',
  ' http://cloud.example ': 'plain http',
  'http://cloud.example/base/': 'plain http',
  'http://cloud.example:8080': 'plain http',
  'http://cloud.example?': 'plain http',
  'http://cloud.example/#': 'plain http',
  'http://cloud.example/a b': 'plain http',
  'http://user:secret@cloud.example': 'a password in the address',
};

withGoldenCloud('urls.json', (path) => {
  const cases = readGoldenCloud<GoldenUrl[]>(path);

  it.each(cases.map((one) => [one.url, one] as const))('%j', (url, one) => {
    expect(serverUrlProblem(url, 'transport')).toBe(one.transport_error);
    expect(one.mutation_transport_error).toBe(one.transport_error);
    const commandLine = serverUrlProblem(url, 'command-line');
    expect(commandLine === undefined ? '' : `error: ${commandLine}\n`).toBe(one.cli_stderr);
    expect(commandLine === undefined ? 0 : 1).toBe(one.cli_exit);
    for (const [form, problem] of [['transport', one.transport_error] as const, ['command-line', commandLine] as const]) {
      const outcome = validated(url, form);
      if (problem !== undefined) expect(outcome).toBe(problem);
      else if (url in REFUSED || url === 'http://:8080') expect(outcome).toMatch(/^The address of the cloud server cannot be used\. /);
      else expect(`\u2713 Cloud server set to ${outcome}\n`).toBe(one.cli_stdout.replace(/\/+\n$/, '\n'));
    }
  });

  it('is all of the file', () => {
    expect(cases.length).toBe(31);
    expect(Object.keys(REFUSED).filter((url) => !cases.some((one) => one.url === url))).toEqual([]);
    console.log(`golden urls.json: ${cases.length} addresses, ${Object.keys(REFUSED).length} of them refused by ours only`);
  });
});

function validated(url: string, form: 'transport' | 'command-line'): string {
  try {
    return validateServerUrl(url, form);
  } catch (error) {
    if (EngramError.is(error, 'cloud-config')) return error.message;
    throw error;
  }
}
