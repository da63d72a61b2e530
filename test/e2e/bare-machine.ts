// A machine as a newcomer has it: root's shell with sudo, the keys' file, and a mirror of the project's releases in reach.
import { stringify } from "yaml";
import { down } from "../sandbox/down.ts";
import type { CommandResult } from "../sandbox/machine/machine.ts";
import { awsCaPath } from "../sandbox/machine-tree.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { type UpOptions, up } from "../sandbox/up.ts";
import { ReleaseMirror, SIGNERS } from "./release-mirror.ts";

/** What the pages write so that the script comes over TLS; the sandbox's mirror has none. */
export const TLS_OPTIONS = "--proto '=https' --tlsv1.2 ";
export const SCRIPT_URL = "https://raw.githubusercontent.com/eks-satellite/eks-satellite/main/packaging/install.sh";
export const EXAMPLE_ROLE = "arn:aws:iam::111122223333:role/eks-satellite-gpu-1";

export class BareMachine {
  readonly sandbox: Sandbox;
  readonly mirror: ReleaseMirror;
  /** Of the mirror. */
  readonly url: string;

  private constructor(sandbox: Sandbox, mirror: ReleaseMirror, url: string) {
    this.sandbox = sandbox;
    this.mirror = mirror;
    this.url = url;
  }

  /** Brings it up anew. @param versions of the releases in the mirror */
  static async bringUp(folder: string, versions: readonly string[], options: UpOptions = {}): Promise<BareMachine> {
    await down(folder);
    const [mirror, { sandbox }] = await Promise.all([
      ReleaseMirror.create(versions),
      up({ ...options, folder, agent: false }),
    ]);
    const machine = new BareMachine(sandbox, mirror, await mirror.listen(sandbox.addresses.uplink.host));
    // The machine has no sudo, and its user is root.
    await machine.write("/usr/local/bin/sudo", '#!/bin/sh\nexec env "$@"\n');
    await machine.sh("chmod 755 /usr/local/bin/sudo");
    await mirror.introduce(sandbox);
    await machine.layConfiguration();
    return machine;
  }

  async close(): Promise<void> {
    await this.mirror.close();
    await down(this.sandbox.folder);
  }

  /** The keys of the machines' user, as the pages write them. */
  renderKeys(): string {
    const { accessKeyId, secretAccessKey } = this.sandbox.facts;
    return `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`;
  }

  /** What is particular to the sandbox, as an administrator would have laid it there: the rest is the documentation's. */
  async layConfiguration(): Promise<void> {
    const runtime = { plugins: { "io.containerd.grpc.v1.cri": { restrict_oom_score_adj: true } } };
    const particular = { node: { ip: this.sandbox.addresses.node }, containerd: { config: runtime } };
    await this.sh("mkdir -p /etc/eks-satellite");
    await this.write("/etc/eks-satellite/environment", `NODE_EXTRA_CA_CERTS=${awsCaPath}\n`);
    await this.write("/etc/eks-satellite/config.yaml", `# ours\n${stringify(particular)}`);
  }

  /** Output of a script. @throws Error when it fails */
  async sh(script: string): Promise<string> {
    return (await this.sandbox.box(["/bin/sh", "-ec", script])).stdout.trim();
  }

  write(path: string, content: string): Promise<unknown> {
    return this.sandbox.box(["/bin/sh", "-c", `cat > ${path}`], { input: content });
  }

  /** Runs a block of the documentation in root's home, as a person at a shell does who answers what is asked. */
  async run(block: string, answer?: string): Promise<CommandResult & { readonly output: string }> {
    const shell = [
      "/usr/bin/env",
      "--chdir=/root",
      `EKS_SATELLITE_BASE_URL=${this.url}`,
      "EKS_SATELLITE_ALLOW_HTTP=yes",
      `EKS_SATELLITE_ALLOWED_SIGNERS=${SIGNERS}`,
    ];
    const command =
      answer === undefined ? ["bash", "-o", "pipefail", "-c", block] : ["script", "-qec", block, "/dev/null"];
    const result = await this.sandbox.box([...shell, ...command], {
      ...{ mayFail: true, timeoutMs: 400_000 },
      ...(answer === undefined ? {} : { input: answer }),
    });
    return { ...result, output: `${result.stdout}\n${result.stderr}` };
  }
}
