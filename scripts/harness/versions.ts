/**
 * What the tests in a real VS Code run on, pinned here and nowhere else. Installed into `.harness`, never among the
 * project's dependencies: it is 0.8 GB that nobody needs who only builds.
 */
export const harnessPackages: Readonly<Record<string, string>> = {
  'code-server': '4.139.1',
  [`node-${process.platform}-${process.arch}`]: '24.21.0',
  'playwright-core': '1.65.1',
  'axe-core': '4.14.0',
};
