// Installs the daemon in the machine as a user would: program, unit, keys and configuration, then systemctl.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { stringify } from "yaml";
import { PROGRAM_FILES } from "../../scripts/bundle-beside.ts";
import type { Addresses } from "./addresses.ts";
import { buildOnce } from "./build-once.ts";
import type { Machine } from "./machine/machine.ts";
import { awsCaPath } from "./machine-tree.ts";
import { readNode } from "./node-program.ts";
import type { Sandbox } from "./sandbox.ts";
import { clusterName, nodeName, region, roleArn, type SandboxFacts } from "./state.ts";

const project = join(import.meta.dirname, "..", "..");

/** A file of the daemon's installation. */
interface InstalledFile {
  readonly path: string;
  readonly content: Buffer | string;
  readonly mode: number;
}

/** Where the daemon's configuration is in the machine. */
export const configPath = "/etc/eks-satellite/config.yaml";
/** Where the daemon keeps its short-lived keys: without these files it asks AWS for new ones. */
export const sessionFiles = ["/run/eks-satellite/aws-credentials", "/var/lib/eks-satellite/session"] as const;
/** What scripts/build makes, without its list of licences. */
const programNames = PROGRAM_FILES.flatMap((name) => [`${name}.mjs`, `${name}.mjs.map`]);
const unitPath = "/etc/systemd/system/eks-satellite.service";
const keysPath = "/etc/eks-satellite/credentials";

/** Builds the daemon's bundle with scripts/build, and returns the folder it is in. */
export async function buildAgent(): Promise<string> {
  const dist = join(project, "dist");
  await buildOnce({
    inputs: ["agent", "scripts", "package.json", "package-lock.json"].map((path) => join(project, path)),
    outputs: programNames.map((name) => join(dist, name)),
    stamp: join(dist, ".built"),
    run: () => execa(join(project, "scripts", "build"), { cwd: project }),
  });
  return dist;
}

/** Puts the built daemon and its configuration into the machine; starts it again when any of that changed, unless it is not to start. */
export async function installAgent(
  { facts, addresses, machine }: Pick<Sandbox, "facts" | "addresses" | "machine">,
  dist: string,
  { isStarted = true }: { readonly isStarted?: boolean } = {},
) {
  const files: readonly InstalledFile[] = [
    { path: "/opt/eks-satellite/bin/node", content: await readNode(facts.arch), mode: 0o755 },
    ...(await Promise.all(programNames.map((name) => programFile(dist, name)))),
    { path: "/usr/local/bin/eks-satellite", content: await fromProject("systemd/eks-satellite"), mode: 0o755 },
    { path: unitPath, content: await fromProject("systemd/eks-satellite.service"), mode: 0o644 },
    { path: "/etc/eks-satellite/environment", content: `NODE_EXTRA_CA_CERTS=${awsCaPath}\n`, mode: 0o644 },
    { path: keysPath, content: renderKeys(facts), mode: 0o600 },
    { path: configPath, content: renderConfig(facts, addresses), mode: 0o644 },
  ];
  const changed: string[] = [];
  for (const file of files) if (await installFile(machine, file)) changed.push(file.path);
  const systemctl = (...args: string[]) => machine.run(["systemctl", ...args]);
  if (changed.includes(unitPath)) await systemctl("daemon-reload");
  if (!isStarted) return;
  await systemctl("enable", "--quiet", "eks-satellite");
  await systemctl(changed.length > 0 ? "restart" : "start", "eks-satellite");
}

/** The daemon's configuration for this sandbox. */
export function renderConfig(facts: SandboxFacts, addresses: Addresses): string {
  const runtime = facts.containerd === "debian" ? "io.containerd.grpc.v1.cri" : "io.containerd.cri.v1.runtime";
  return stringify({
    cluster: { name: clusterName, region },
    node: {
      name: nodeName,
      ...(addresses.vpc ? {} : { ip: addresses.node }),
      // An emulated processor needs more than the minute that the daemon's own check has.
      ...(facts.machine === "vm" ? { check: "off" } : {}),
    },
    credentials: { keysFile: keysPath, assumeRole: { arn: roleArn } },
    // The host's kernel has no WireGuard; a virtual machine's has.
    ...(addresses.vpc && facts.machine !== "vm" ? { network: { tunnel: { userspace: "allow" } } } : {}),
    // The host is root without CAP_SYS_RESOURCE, and runc may not lower a container's OOM score there.
    ...(facts.machine === "vm"
      ? {}
      : { containerd: { config: { plugins: { [runtime]: { restrict_oom_score_adj: true } } } } }),
  });
}

function renderKeys({ accessKeyId, secretAccessKey }: SandboxFacts): string {
  return `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`;
}

async function programFile(dist: string, name: string): Promise<InstalledFile> {
  return { path: `/opt/eks-satellite/lib/${name}`, content: await readFile(join(dist, name)), mode: 0o644 };
}

function fromProject(path: string): Promise<Buffer> {
  return readFile(join(project, path));
}

/** Replaces a file when it differs. */
async function installFile(machine: Machine, { path, content, mode }: InstalledFile): Promise<boolean> {
  if ((await machine.digest(path)) === createHash("sha256").update(content).digest("hex")) return false;
  await machine.write(path, content, mode);
  return true;
}
