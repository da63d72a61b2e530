// User data as cloud-config, https://cloudinit.readthedocs.io/en/latest/reference/modules.html: write_files, then runcmd, once.
// It is written line by line: PyYAML, which reads it, knows YAML 1.1, in which `yes`, `0644` and `1:30` are no texts.
import type { BootFile } from "./boot-file.ts";
import type { ScriptParts } from "./render-script.ts";

/** Renders the document. The texts in it are literal blocks, in which no character means anything to YAML. */
export function renderCloudConfig({ header, files, boot }: ScriptParts): string {
  return [
    "#cloud-config\n",
    ...header.map((line) => `# ${line}`.trimEnd().concat("\n")),
    ...(files.length === 0 ? [] : ["\nwrite_files:\n", ...files.map(renderFile)]),
    "\nruncmd:\n",
    "  - |\n",
    indent(`set -eu\n${boot}`, 4),
  ].join("");
}

function renderFile({ path, mode, content }: BootFile): string {
  return [
    `  - path: ${path}\n`,
    "    owner: root:root\n",
    `    permissions: "${mode}"\n`,
    // A first line that begins with a blank, or is empty, needs the block's depth.
    `    content: ${/^[ \n]/.test(content) ? "|2" : "|"}\n`,
    indent(content, 6),
  ].join("");
}

/** @param text ends with one line end */
function indent(text: string, columns: number): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(columns));
}
