// A machine that was only launched: Debian with cloud-init, and the user data that `user-data` prints, from a mirror of releases.
import { join } from "node:path";
import { execa } from "execa";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { clusterName, nodeName, region, roleArn } from "../sandbox/state.ts";
import type { ReleaseMirror } from "./release-mirror.ts";

const PROGRAM = join(import.meta.dirname, "../../agent/main.ts");
export const LAUNCH_VERSION = "0.1.0";
export const SEED = "/var/lib/cloud/seed/nocloud";
/** Where cloud-init finds its user data, and what a sandbox's image has otherwise than a cloud's: network and ssh are there. */
const IMAGE =
  "datasource_list: [NoCloud]\nnetwork: { config: disabled }\nlocale: false\nssh_genkeytypes: []\nssh_deletekeys: false\ndisable_root: false\n";
/** Programs that a fresh image lacks: the daemon has to bring them while cloud-init waits for the node. */
export const MISSING = ["conntrack", "socat"];
/** apt-get on an emulated processor. */
const IMAGE_MS = 900_000;

export interface Launch {
  readonly sandbox: Sandbox;
  readonly mirror: ReleaseMirror;
  /** Of the mirror. */
  readonly url: string;
  /** Of the configuration, as `--set` takes them: what the sandbox's machine needs. */
  readonly settings: readonly string[];
}

/** Runs the command as a user on a laptop, whose keys are in no file. */
export async function renderUserData(
  { sandbox, mirror, url, settings }: Launch,
  more: { readonly settings?: readonly string[]; readonly args?: readonly string[] } = {},
): Promise<string> {
  const { accessKeyId, secretAccessKey } = sandbox.facts;
  const args = [
    ...["--cluster", clusterName, "--region", region, "--node-name", nodeName, "--role-arn", roleArn],
    ...["--eks-satellite-version", LAUNCH_VERSION, "--ca", join(sandbox.folder, "pki/aws-ca.crt")],
    ...["--credentials-file", "-"],
    ...[...settings, ...(more.settings ?? [])].flatMap((setting) => ["--set", setting]),
    ...(more.args ?? []),
  ];
  const { stdout } = await execa(process.execPath, [PROGRAM, "user-data", ...args], {
    input: `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
    env: {
      EKS_SATELLITE_BASE_URL: url,
      EKS_SATELLITE_ALLOW_HTTP: "yes",
      EKS_SATELLITE_ALLOWED_SIGNERS: mirror.allowedSigners,
    },
    stripFinalNewline: false,
  });
  return stdout;
}

/** Makes of the machine an image with cloud-init and the user data, on which nothing else was done. */
export async function makeImage({ sandbox }: Pick<Launch, "sandbox">, userData: string): Promise<void> {
  const script = `export DEBIAN_FRONTEND=noninteractive
    apt-get purge --yes --quiet=2 ${MISSING.join(" ")} >/dev/null
    command -v cloud-init >/dev/null && exit
    apt-get update --quiet=2
    apt-get install --yes --quiet=2 --no-install-recommends cloud-init >/dev/null`;
  await sandbox.box(["/bin/sh", "-ec", script], { timeoutMs: IMAGE_MS });
  const { machine } = sandbox;
  await machine.write("/etc/cloud/cloud.cfg.d/99-sandbox.cfg", IMAGE);
  await machine.write(`${SEED}/user-data`, userData, 0o600);
  await machine.write(`${SEED}/meta-data`, "instance-id: launched-1\n");
}

/** Whether the machine has what its image lacked. */
export async function hasMissing(sandbox: Sandbox): Promise<boolean> {
  const found = await Promise.all(
    MISSING.map((program) => sandbox.box(["/bin/sh", "-c", `command -v ${program}`], { mayFail: true })),
  );
  return found.every(({ exitCode }) => exitCode === 0);
}

/** What cloud-init says of itself. */
export async function cloudInitStatus(sandbox: Sandbox): Promise<string> {
  return (await sandbox.box(["cloud-init", "status", "--long"], { mayFail: true })).stdout;
}

export async function cloudInitOutput(sandbox: Sandbox): Promise<string> {
  return (await sandbox.box(["cat", "/var/log/cloud-init-output.log"], { mayFail: true })).stdout.trim();
}
