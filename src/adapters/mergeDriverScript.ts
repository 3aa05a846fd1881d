/** Name of the driver in `.git/config` and `info/attributes`. */
export const DRIVER = 'engram-manifest';

/** The folder in the common git folder, and what stands in it. */
export const DRIVER_FOLDER = 'engram';
export const DRIVER_FILES = { shell: 'merge-manifest.sh', program: 'merge-manifest.js', nodes: 'nodes' } as const;

/** In every folder of the repository; `info/attributes` has the last word over all `.gitattributes`. */
export const ATTRIBUTE_LINE = `**/.engram/manifest.json merge=${DRIVER}`;
export const ATTRIBUTE_TITLE = '# Engram: manifests of both sides are united (Engram: Remove Merge Driver takes this out)';

/**
 * What git runs, by its own `sh`, in the top folder of the work tree. The result counts only as a whole file that the script has made:
 * a script that is gone, torn, or does nothing, and a Node that is gone, all lead to git's own merge of texts, which leaves markers. That
 * no whole side ever passes for a merge depends on this line alone, and it stands in the configuration.
 */
export const DRIVER_COMMAND = [
  `d="$(git rev-parse --git-common-dir)/${DRIVER_FOLDER}"; r=%A.engram; rm -f $r`,
  `if test -f "$d/${DRIVER_FILES.shell}" && sh "$d/${DRIVER_FILES.shell}" %O %A %B $r && test -s $r && mv -f $r %A; then exit 0; fi`,
  'rm -f $r; echo "Engram: the merge driver could not run; a conflict in manifest.json is marked in the text." >&2',
  'git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B',
].join('; ');

/** Tries the Nodes it knows, one path a line, then the one on PATH if that is an absolute path. VS Code's own program is one, too. */
export const SHELL_SCRIPT = `#!/bin/sh
# Engram: unites two versions of .engram/manifest.json. Arguments: base, ours, theirs, result.
# Exit code 0 only when the result is written; the caller falls back to git merge-file otherwise.
here=$(dirname "$0")
ELECTRON_RUN_AS_NODE=1
export ELECTRON_RUN_AS_NODE
unset NODE_OPTIONS
if test -f "$here/${DRIVER_FILES.nodes}"; then
  while IFS= read -r node; do
    test -n "$node" && test -x "$node" && "$node" "$here/${DRIVER_FILES.program}" "$@" </dev/null && exit 0
  done <"$here/${DRIVER_FILES.nodes}"
fi
node=$(command -v node)
case "$node" in
  /*) "$node" "$here/${DRIVER_FILES.program}" "$@" </dev/null && exit 0 ;;
esac
exit 1
`;
