// A machine that boots for the first time, as far as user data's commands see it: a folder of programs, among which are a curl that
// has one release, and in that release an installer that prints how it was called.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const RELEASE = "eks-satellite-1.2.3-linux-amd64";
/** Programs of the host; no others are there, such as a curl that would ask the network. */
const PROGRAMS = [
  "bash",
  "cat",
  "chmod",
  "cp",
  "gzip",
  "mkdir",
  "mktemp",
  "mv",
  "rm",
  "sed",
  "sh",
  "sha256sum",
  "sync",
  "tar",
];
const INSTALLER = `printf '%s ' "$@" | sed 's#/[^ ]*/#DIR/#g'
printf '\\nproxy=%s no=%s ca=%s\\n' "\${HTTPS_PROXY-}" "\${NO_PROXY-}" "\${NODE_EXTRA_CA_CERTS-}"
cat
`;

export interface Boot {
  readonly shell?: string;
  /** Scripts in place of programs. */
  readonly programs?: Readonly<Record<string, string>>;
}

/** Where all boots of a test file are. */
export class BootMachine {
  readonly folder = mkdtempSync(join(tmpdir(), "eks-satellite-boot-"));
  /** SHA-256 of the release's tarball. */
  readonly sum: string;
  #boots = 0;

  constructor() {
    const documents = join(this.folder, RELEASE, "usr/share/doc/eks-satellite");
    mkdirSync(documents, { recursive: true });
    writeFileSync(join(documents, "install.sh"), INSTALLER);
    execFileSync("tar", ["-czf", `${RELEASE}.tar.gz`, RELEASE], { cwd: this.folder });
    this.sum = createHash("sha256")
      .update(readFileSync(join(this.folder, `${RELEASE}.tar.gz`)))
      .digest("hex");
  }

  /** A command of sh that puts the tarball where $2 says. */
  get give(): string {
    return `cp ${this.folder}/${RELEASE}.tar.gz`;
  }

  /** Runs a script in a folder of its own, in which the programs leave files. */
  boot(script: string, { shell = "dash", programs = {} }: Boot = {}) {
    const folder = join(this.folder, `boot-${++this.#boots}`);
    const [bin, temporary] = [join(folder, "bin"), join(folder, "tmp")];
    for (const path of [bin, temporary]) mkdirSync(path, { recursive: true });
    const install = (name: string, text: string) =>
      writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    for (const name of PROGRAMS) install(name, `exec ${pathOf(name)} "$@"`);
    const scripts = {
      curl: `echo "$@" >>fetched; while [ "$1" != --output ]; do shift; done; ${this.give} "$2"`,
      ...{
        id: "echo 0",
        uname: "echo x86_64",
        sleep: 'echo "$1" >>slept',
        "update-ca-certificates": "echo done >>updated",
      },
      ...programs,
    };
    for (const [name, text] of Object.entries(scripts)) if (text !== "") install(name, text);
    writeFileSync(join(folder, "script"), script);
    const { status, stdout, stderr } = spawnSync(pathOf(shell), ["script"], {
      ...{ encoding: "utf8", input: "not for the installer", env: { PATH: bin, TMPDIR: temporary }, cwd: folder },
    });
    const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "");
    return { status, stdout, stderr, folder, read, left: readdirSync(temporary) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function pathOf(program: string): string {
  return execFileSync("which", [program], { encoding: "utf8" }).trim();
}
