// `sandbox status`: what runs, and which faults are in force.
import { recordedDaemons, runningDaemon } from "./process.ts";
import type { Sandbox } from "./sandbox.ts";

/** The table of the daemons, the machine, the node and the faults. */
export async function renderStatus(sandbox: Sandbox): Promise<string> {
  const { folder, facts } = sandbox;
  const rows: [string, string][] = [
    ["folder", folder],
    ["versions", `Kubernetes ${facts.kubernetes}, containerd ${facts.containerd}, Debian ${facts.debian}`],
  ];
  if (sandbox.addresses.vpc) rows.push(["network", `in a VPC, behind a NAT at ${await sandbox.nat.publicAddress()}`]);
  for (const name of (await recordedDaemons(folder)).sort()) {
    const identity = await runningDaemon(folder, name);
    rows.push([name, identity ? `runs, pid ${identity.pid}` : "has died: scripts/sandbox up starts it again"]);
  }
  rows.push(["machine", (await sandbox.machine.describe()) ?? "is off"]);
  rows.push(["daemon", await unitState(sandbox)]);
  rows.push(["nodes", await nodes(sandbox)]);
  rows.push(["faults", JSON.stringify(await sandbox.awsFaults())]);
  rows.push(["kubeconfig", sandbox.kubeconfig]);
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, value]) => `${what.padEnd(width)}  ${value}\n`).join("");
}

async function unitState(sandbox: Sandbox): Promise<string> {
  const command = ["systemctl", "is-active", "eks-satellite"];
  return sandbox.box(command, { mayFail: true }).then(
    ({ stdout }) => stdout,
    () => "not there",
  );
}

async function nodes(sandbox: Sandbox): Promise<string> {
  const args = ["get", "nodes", "--no-headers", "--request-timeout=5s"];
  return sandbox.kubectl(args).then(
    (text) => text.trim() || "none",
    () => "the API server does not answer",
  );
}
