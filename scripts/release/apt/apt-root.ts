// A real apt on a root folder of its own, with one source and nothing of this machine's.
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../tool.ts";

/** What apt is given. */
export interface AptSource {
  /** E.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly suite: "stable" | "candidate";
  /** Path of the public key that the source is held to. */
  readonly key: string;
  /** Debian's name. */
  readonly architecture: string;
}

const FOLDERS = [
  ...[
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "etc/apt/sources.list.d",
    "etc/apt/trusted.gpg.d",
    "etc/apt/keyrings",
  ],
  ...["var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/log/apt"],
  ...["var/lib/dpkg/updates", "var/lib/dpkg/info", "downloads"],
];
/** What the package depends on, as installed: dpkg installs nothing else below the folder. */
const INSTALLED = ["libc6 2.36", "libgcc-s1 12.2", "libstdc++6 12.2", "systemd 252"];

/** Runs apt's commands on such a root. */
export class AptRoot {
  /** The root. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Prepares a folder, which may not exist yet. */
  static async create(folder: string, source: AptSource): Promise<AptRoot> {
    for (const name of FOLDERS) await mkdir(join(folder, name), { recursive: true });
    const root = new AptRoot(folder);
    await writeFile(join(folder, "apt.conf"), renderConfiguration(folder, source.architecture));
    await writeFile(join(folder, "var/lib/dpkg/status"), renderStatus(source.architecture));
    for (const line of INSTALLED) await writeFile(join(folder, `var/lib/dpkg/info/${line.split(" ")[0]}.list`), "");
    await root.setSource(source);
    return root;
  }

  /** Names another source, or another key for it. */
  async setSource({ url, suite, key }: AptSource): Promise<void> {
    const own = join(this.folder, "etc/apt/keyrings/eks-satellite.asc");
    await copyFile(key, own);
    const line = `deb [signed-by=${own}] ${url} ${suite} main\n`;
    await writeFile(join(this.folder, "etc/apt/sources.list.d/eks-satellite.list"), line);
  }

  /**
   * Runs one of apt's commands, as a script does: nothing is asked.
   * @returns its standard output
   * @throws SatelliteError `tool-missing`, `tool-failed`
   */
  async run(command: "apt-get" | "apt-cache" | "apt-mark", args: readonly string[]): Promise<string> {
    return await runTool(command, args, {
      cwd: join(this.folder, "downloads"),
      environment: { APT_CONFIG: join(this.folder, "apt.conf"), DEBIAN_FRONTEND: "noninteractive" },
    });
  }
}

/** `Dir` first: it also leads apt past /etc/apt/apt.conf.d of the machine. */
function renderConfiguration(folder: string, architecture: string): string {
  return `Dir "${folder}/";
Dir::State::status "${folder}/var/lib/dpkg/status";
APT::Architecture "${architecture}";
APT::Architectures { "${architecture}"; };
APT::Sandbox::User "root";
APT::Update::Error-Mode "any";
APT::Get::Assume-Yes "yes";
Acquire::Retries "0";
Acquire::http::Timeout "20";
Dpkg::Use-Pty "false";
DPkg::Options { "--root=${folder}"; "--force-script-chrootless"; "--log=${folder}/var/log/dpkg.log"; };
`;
}

function renderStatus(architecture: string): string {
  return INSTALLED.map((line) => {
    const [name, version] = line.split(" ");
    return `Package: ${name}
Status: install ok installed
Version: ${version}
Architecture: ${architecture}
Maintainer: the machine <machine@eks-satellite.invalid>
Description: stands for what a machine has
`;
  }).join("\n");
}
