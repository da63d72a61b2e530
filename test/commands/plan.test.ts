import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheCluster } from "../../agent/aws/cluster.ts";
import { PLAN_EXIT, type PlanOptions, planCommand } from "../../agent/commands/plan.ts";
import { loadConfig } from "../../agent/config/load.ts";
import { readNodeFacts } from "../../agent/facts/node-facts.ts";
import { createVersionReader } from "../../agent/facts/versions.ts";
import type { HttpRequest } from "../../agent/host/host.ts";
import { planNode } from "../../agent/plan/node-plan.ts";
import { renderManifest } from "../fakes/artifact-mirror.ts";
import { MemoryContainerd } from "../fakes/memory-containerd.ts";
import { createRounds } from "../fakes/rounds.ts";
import { DOCKER_CONTAINERD_CONFIG, MINIMAL_CONFIG, sampleCluster } from "../fakes/samples.ts";

const CONFIG = "/etc/eks-satellite/config.yaml";

/** A machine whose daemon has described the cluster, and has changed nothing yet. */
async function setUp() {
  const containerd = new MemoryContainerd();
  const { host } = containerd;
  host.files.put(CONFIG, MINIMAL_CONFIG);
  host.files.put("/etc/containerd/config.toml", DOCKER_CONTAINERD_CONFIG);
  containerd.start();
  await cacheCluster(host, "/var/lib/eks-satellite/cluster.json", sampleCluster());
  const before = host.files.changes.length;
  const plan = async (options: Partial<PlanOptions> = {}) => {
    let output = "";
    const exitCode = await planCommand(host, { config: CONFIG, diff: false, output: "text", ...options }, (text) => {
      output += text;
    });
    return { exitCode, output };
  };
  return { host, containerd, plan, written: () => host.files.changes.slice(before) };
}

/** Applies the plan, as the daemon would. */
async function converge({ host }: Awaited<ReturnType<typeof setUp>>) {
  const config = await loadConfig(host, CONFIG);
  const facts = await readNodeFacts(host, config, createVersionReader(host), sampleCluster());
  await createRounds(host).apply(...planNode(config, facts).resources);
}

test("on a bare machine it shows every change with its reason, changes nothing, and exits with 2", async () => {
  const { containerd, plan, written } = await setUp();
  const { exitCode, output } = await plan();
  assert.equal(exitCode, PLAN_EXIT.something);
  assert.match(
    output,
    /^create {3}file:\/etc\/kubernetes\/pki\/ca\.crt {2}\(certificate authority of cluster demo\)$/m,
  );
  assert.match(output, /^restart {2}service:containerd\.service {2}\(kubelet's container runtime\)$/m);
  assert.match(output, /^\d+ to change\n$/m);
  assert.deepEqual([written(), containerd.restarts], [[], []]);
});

test("on a machine that is as planned it prints so and exits with 0", async () => {
  const made = await setUp();
  await converge(made);
  assert.deepEqual(await made.plan(), { exitCode: PLAN_EXIT.nothing, output: "nothing to change\n" });
});

test("--diff shows what would change in each file, as diff -u does", async () => {
  const made = await setUp();
  await converge(made);
  made.host.files.put("/etc/sysctl.d/90-eks-satellite.conf", "kernel.panic = 0\n");
  const { exitCode, output } = await made.plan({ diff: true });
  assert.equal(exitCode, PLAN_EXIT.something);
  assert.match(output, /^ +-kernel\.panic = 0$/m);
  assert.match(output, /^ +\+kernel\.panic = 10$/m);
  assert.match(output, /^1 to change$/m);
});

/** The mirror's manifest, and a checksum for whatever is asked. */
const offer =
  (...versions: readonly string[]) =>
  ({ url }: HttpRequest) => ({ status: 200, body: url.endsWith(".yaml") ? renderManifest(versions) : "ab".repeat(32) });

test("a download is shown with its version", async () => {
  const { host, plan, written } = await setUp();
  host.files.drop("/usr/bin/kubelet");
  host.onFetch = offer("1.34.4", "1.34.5");
  assert.match((await plan()).output, /^download artifact:\/usr\/bin\/kubelet {2}\(kubelet 1\.34\.5\)$/m);
  const older = "/opt/eks-satellite-artifacts/kubelet/1.34.4/kubelet";
  host.files.put(older, "", { mode: 0o755 });
  host.install(older, () => ({ stdout: "Kubernetes v1.34.4\n" }));
  host.files.putLink("/usr/bin/kubelet", older);
  assert.doesNotMatch((await plan()).output, /artifact:\/usr\/bin\/kubelet/);
  host.files.put(CONFIG, `${MINIMAL_CONFIG}\nkubelet: { upgrade: auto }\n`);
  assert.match(
    (await plan()).output,
    /^download artifact:\/usr\/bin\/kubelet {2}\(kubelet 1\.34\.5 in place of 1\.34\.4\)$/m,
  );
  assert.deepEqual(written(), []);
});

test("a mirror that does not answer is reported beside what is missing", async () => {
  const { host, plan } = await setUp();
  host.files.drop("/usr/bin/kubelet");
  const { exitCode, output } = await plan();
  assert.equal(exitCode, PLAN_EXIT.error);
  assert.match(output, /^download artifact:\/usr\/bin\/kubelet {2}\(the newest kubelet/m);
  assert.match(output, /^unknown {2}nobody answers → Check the mirror \(artifacts\.manifestUrl\)/m);
});

test("--output json has changes with reasons, and errors with codes and hints", async () => {
  const { host, plan } = await setUp();
  host.files.drop("/usr/bin/kubelet");
  host.onFetch = offer("1.34.4");
  const { exitCode, output } = await plan({ output: "json" });
  assert.equal(exitCode, PLAN_EXIT.error);
  const { changes, errors } = JSON.parse(output);
  assert.deepEqual(
    errors.map(({ code, hint }: { code: string; hint: string }) => [code, typeof hint]),
    [["kubelet-missing", "string"]],
  );
  assert.ok(
    changes.some(
      ({ resource, action, why }: Record<string, string>) =>
        resource === "sysctl:kernel.panic" && action === "set" && why,
    ),
  );
  assert.ok(changes.every((change: object) => !("diff" in change)));
});

test("what could not be read is reported with what to do, and exits with 1", async () => {
  const { host, plan } = await setUp();
  host.files.put("/etc/containerd/config.toml", "[[[");
  const { exitCode, output } = await plan();
  assert.equal(exitCode, PLAN_EXIT.error);
  assert.match(output, /^unknown {2}\/etc\/containerd\/config\.toml:\d is not TOML.* → Correct/m);
  assert.match(output, /, 1 unknown$/m);
});

test("without root it says what it could not read, and shows the rest", async () => {
  const { host, plan } = await setUp();
  host.userId = 1000;
  for (const path of ["/var/lib/eks-satellite", "/var/lib/kubelet", "/etc/eks-satellite/aws-keys"])
    host.files.refuseReads(path);
  const { exitCode, output } = await plan();
  assert.equal(exitCode, PLAN_EXIT.error);
  assert.match(output, /^unknown .*could not be read.* → Run as root\.$/m);
  assert.match(output, /\(run as root to read everything\)$/m);
  assert.match(output, /^set {6}sysctl:kernel\.panic/m);
});

test("a broken configuration is the only output", async () => {
  const { host, plan } = await setUp();
  host.files.put(CONFIG, "clusters: {}");
  await assert.rejects(plan(), { code: "config-invalid", hint: "Did you mean cluster?" });
});

test("a terminal sees what comes in green, what goes in red, and no sequence of a file's own", async () => {
  const { host, plan } = await setUp();
  host.files.put("/etc/sysctl.d/90-eks-satellite.conf", "old \u001b[2J= 1\n");
  const { output } = await plan({ diff: true, paint: (style, plain) => `<${style}>${plain}</${style}>` });
  assert.match(output, /^<green>create {2}<\/green> file:/m);
  assert.match(output, /^<yellow>update {2}<\/yellow> file:\/etc\/sysctl\.d/m);
  assert.match(output, /^ {4}<red>-old = 1<\/red>$/m);
  assert.match(output, /^ {4}<green>\+kernel\./m);
  assert.match(output, /^ {4}--- \/etc/m);
});
