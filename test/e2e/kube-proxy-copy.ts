// The copy of EKS's kube-proxy for nodes of identity fargate: made by the page's line, and made anew after an update of the add-on.
import assert from "node:assert/strict";
import type { Sandbox } from "../sandbox/sandbox.ts";
import type { Satellite } from "./satellite.ts";

interface Scene {
  /** The page's line. */
  readonly copy: string;
  readonly sandbox: Sandbox;
  readonly satellite: Satellite;
  /** What an administrator's line prints. */
  readonly operate: (line: string, typed?: string) => Promise<string>;
  /** What `check` says. */
  readonly finding: (name: string) => Promise<{ readonly outcome: string }>;
}

export async function copyKubeProxy({ copy, sandbox, satellite, operate, finding }: Scene): Promise<void> {
  const podsOf = (daemonSet: string) =>
    sandbox.kubectl([
      ...["get", "daemonset", daemonSet, "--namespace=kube-system"],
      "--output=jsonpath={.status.desiredNumberScheduled} {.status.updatedNumberScheduled} {.status.numberReady}",
    ]);
  assert.match(await podsOf("kube-proxy"), /^0 /);
  await satellite.untilReason("ServicesWorking", "NotUsed");
  assert.match(await operate(copy, "y\n"), /kube-proxy comes to the nodes of identity fargate/);
  await satellite.untilReason("ServicesWorking", "Answers", 60_000);
  await satellite.untilReason("ClusterDnsWorking", "Answers", 60_000);
  assert.equal(await podsOf("eks-satellite-kube-proxy"), "1 1 1");
  assert.equal((await finding("services")).outcome, "ok");
  assert.match(await operate(`${copy} --yes`), /the copy of kube-proxy in \S+ is that of EKS's DaemonSet/);
  const container = { name: "kube-proxy", env: [{ name: "UPDATED", value: "yes" }] };
  const update = JSON.stringify({ spec: { template: { spec: { containers: [container] } } } });
  await sandbox.kubectl(["patch", "daemonset", "kube-proxy", "--namespace=kube-system", `--patch=${update}`]);
  assert.match(await operate(`${copy} --dry-run`), /^\+.*UPDATED/m);
  await operate(`${copy} --yes`);
  const rollout = [
    "rollout",
    "status",
    "daemonset/eks-satellite-kube-proxy",
    "--namespace=kube-system",
    "--timeout=60s",
  ];
  await sandbox.kubectl(rollout);
  assert.equal(await podsOf("eks-satellite-kube-proxy"), "1 1 1");
  await satellite.untilReason("ServicesWorking", "Answers", 60_000);
}
