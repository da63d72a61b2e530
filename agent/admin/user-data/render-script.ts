// User data as a script, for clouds that run one at the first boot or at each, and for `ssh HOST sudo bash -s < SCRIPT`.
import { sha256 } from "../../digest.ts";
import type { BootFile } from "./boot-file.ts";
import { quoteWord, withInput } from "./shell.ts";

/** Names the text that was put in force last, so that a cloud that runs it at each boot changes nothing again. */
export const APPLIED_PATH = "/etc/eks-satellite/.user-data";
const PROGRAM = "/opt/eks-satellite";

export interface ScriptParts {
  /** Comments, without their marks. */
  readonly header: readonly string[];
  readonly files: readonly BootFile[];
  /** Commands that install the program. */
  readonly boot: string;
}

/** Renders the script. All of it is one group: a text that broke off on its way is a syntax error, and runs nothing. */
export function renderScript({ header, files, boot }: ScriptParts): string {
  const writes = files.map(renderFile).join("");
  const digest = sha256(writes + boot);
  return [
    "#!/bin/bash\n",
    ...header.map((line) => `# ${line}`.trimEnd().concat("\n")),
    "{\n",
    'if [ "$(id -u)" != 0 ]; then echo "this needs root: sudo bash" >&2; exit 1; fi\n',
    `if [ -e ${PROGRAM} ] && [ "$(cat ${APPLIED_PATH} 2>/dev/null)" = ${digest} ]; then\n`,
    `  echo "this text was put in force before: remove ${APPLIED_PATH} to do it again"\n`,
    "  exit 0\n",
    "fi\n",
    "set -eu\n",
    writes,
    boot,
    `echo ${digest} >${APPLIED_PATH}\n`,
    "exit 0\n",
    "}\n",
  ].join("");
}

/** A file is never there with another mode, nor in part. */
function renderFile({ path, mode, content }: BootFile): string {
  const [target, draft] = [quoteWord(path), quoteWord(`${path}.new`)];
  return [
    `mkdir -p ${quoteWord(path.replace(/\/[^/]+$/, ""))}\n`,
    `rm -f ${draft}\n`,
    withInput(`(umask 077 && cat >${draft})`, content),
    `chmod ${mode} ${draft}\n`,
    `sync -- ${draft}\n`,
    `mv -f ${draft} ${target}\n`,
  ].join("");
}
