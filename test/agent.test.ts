// The whole daemon on a machine in memory: what its parts are to each other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { SatelliteError } from "../agent/errors.ts";
import { conditionsOf, settleDown, setUpAgent } from "./fakes/memory-agent.ts";
import { connectionRefused } from "./fakes/memory-aws.ts";
import { settle } from "./fakes/memory-clock.ts";

test("a bare machine becomes a Ready node without another word", async (context) => {
  const { host, containerd, start } = setUpAgent(context);
  const { status } = await start();
  assert.equal(host.spawned.length, 1);
  assert.deepEqual(host.spawned[0]?.environment, { PATH: "/usr/bin" });
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup = true/);
  const document = await status();
  assert.deepEqual(document.rootCauses, []);
  assert.deepEqual(conditionsOf(document), {
    ConfigValid: "True Valid",
    NodeNameKept: "Unknown Starting",
    ClockInSync: "Unknown Starting",
    DnsWorking: "True Resolved",
    DiskAvailable: "True Available",
    StateReadable: "True Readable",
    CertificateValid: "True NotUsed",
    CredentialsRenewed: "True Renewed",
    CredentialsFresh: "True Fresh",
    ClusterDescribed: "True Described",
    ClusterKnown: "True Described",
    DependenciesInstalled: "True Installed",
    ArtifactsInstalled: "True Installed",
    KubeletSupported: "True Current",
    MachineChecked: "True Off",
    ConfigInSync: "True InSync",
    PodNetworkReady: "Unknown Starting",
    RuntimeReady: "True Ready",
    KubeletRunning: "True Running",
    ApiReachable: "True Answers",
    IdentityAccepted: "True Accepted",
    NodeReady: "True KubeletReady",
    NodeSchedulable: "True Schedulable",
    TunnelConfigured: "True NoEntry",
    TunnelUp: "True NotUsed",
    ControlPlaneRoute: "True NotUsed",
    ServingCertificateSigned: "True Signed",
    ImagePullsConfigured: "True Configured",
    ServicesWorking: "Unknown Starting",
    ClusterDnsWorking: "Unknown Starting",
    DnsCacheWorking: "Unknown Starting",
    GpuDriver: "True NoGpu",
    GpusPresent: "True NoGpu",
    GpuHealthy: "True NoGpu",
    GpuRuntimeConfigured: "True NoGpu",
  });
});

test("systemd hears that the daemon is ready once the first round has ended", async (context) => {
  const { host, start } = setUpAgent(context);
  const { end } = await start();
  const words = () => host.commands.filter((command) => command.startsWith("systemd-notify"));
  assert.match(words()[0] ?? "", /--pid=42 READY=1/);
  await end();
});

test("at the end kubelet is ended and nothing else: containerd and its pods run on", async (context) => {
  const { host, containerd, start } = setUpAgent(context);
  const { end } = await start();
  const { pid } = containerd;
  await end();
  assert.deepEqual(host.spawned[0]?.process.signals, ["SIGTERM"]);
  assert.equal(containerd.pid, pid);
});

test("a second run finds everything in place: it restarts no containerd and asks AWS for no keys", async (context) => {
  const { host, containerd, aws, start } = setUpAgent(context);
  await (await start()).end();
  const restarts = containerd.restarts.length;
  await start();
  assert.equal(containerd.restarts.length, restarts);
  assert.deepEqual(aws.calls.filter((call) => call === "assumeRole").length, 1);
  assert.equal(host.spawned.length, 2);
});

test("with AWS away a second run starts kubelet from what is known", async (context) => {
  const { host, aws, start } = setUpAgent(context);
  await (await start()).end();
  host.clock.jump(20 * 60_000);
  aws.fail(connectionRefused());
  const { status } = await start();
  assert.equal(host.spawned.length, 2);
  assert.match(conditionsOf(await status()).NodeReady ?? "", /^True/);
});

test("with every disk full a second run starts kubelet all the same", async (context) => {
  const { host, start } = setUpAgent(context);
  await (await start()).end();
  for (const folder of ["/etc", "/var", "/run"]) host.files.refuseWrites(folder, "ENOSPC");
  await start();
  assert.equal(host.spawned.length, 2);
  assert.equal(host.spawned[1]?.process.isAlive, true);
});

test("without keys the machine is prepared, no kubelet is started, and the root cause is named alone", async (context) => {
  const { host, containerd, start } = setUpAgent(context);
  host.files.drop("/etc/eks-satellite/aws-keys");
  const { status } = await start();
  assert.equal(host.spawned.length, 0);
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup/);
  const document = await status();
  assert.deepEqual(document.rootCauses, ["CredentialsRenewed"]);
  assert.equal(conditionsOf(document).CredentialsFresh, "False CredentialsMissing");
});

test("a deleted Node restarts kubelet within seconds", async (context) => {
  const { host, cluster, start } = setUpAgent(context);
  await start();
  cluster.items = [];
  cluster.sendEvent("deleted");
  await settleDown(host);
  assert.equal(host.spawned.length, 2);
  assert.equal(host.spawned[1]?.process.isAlive, true);
});

test("a kubelet that dies is back at once", async (context) => {
  const { host, start } = setUpAgent(context);
  await start();
  host.spawned[0]?.process.kill("SIGKILL");
  await settle();
  await settle();
  assert.equal(host.spawned.length, 2);
});

test("an API server that kubelet cannot reach is looked for at once, though the watch is still open", async (context) => {
  const { host, start } = setUpAgent(context);
  const { status } = await start();
  host.onFetch = () => {
    throw new SatelliteError("http-failed", "nobody answers");
  };
  host.spawned
    .at(-1)
    ?.process.say(
      'E0102 03:04:05.000001 1 controller.go:145] "Failed to ensure lease exists, will retry" err="refused"',
    );
  await settleDown(host);
  await host.clock.advance(15_000);
  assert.equal(conditionsOf(await status()).ApiReachable, "False ApiUnreachable");
});

test("a stranger's kubelet is refused with its pid and unit, and left alone", async (context) => {
  const { host, start } = setUpAgent(context);
  const foreign = host.processes.start({ name: "kubelet", unit: "kubelet.service" });
  const { status } = await start();
  assert.equal(host.spawned.length, 0);
  assert.deepEqual(foreign.signals, []);
  assert.equal(conditionsOf(await status()).KubeletRunning, "False KubeletStranger");
});

test("a configuration that is not valid is told of while the last good one is in force", async (context) => {
  const { host, start } = setUpAgent(context);
  const { status } = await start(new SatelliteError("config-invalid", "unknown key a", { hint: "Did you mean b?" }));
  assert.equal(host.spawned.length, 1);
  assert.deepEqual((await status()).rootCauses, ["ConfigValid"]);
});

test("a clock that is set by an hour, a month or ten years stops no loop, and systemd gets its pings", async (context) => {
  const { host, start } = setUpAgent(context);
  const { port, status } = await start();
  for (const hours of [1, -2, 721, -720, 87_600, -175_200, 87_600]) {
    host.clock.set(hours * 3_600_000);
    host.commands.length = 0;
    const before = (await status()).loops;
    await host.clock.advance(61_000);
    const pings = host.commands.filter((command) => /systemd-notify .*WATCHDOG=1/.test(command));
    assert.ok(pings.length >= 2, `${hours} h: ${pings.length} pings in a minute`);
    const names = ["converge", "supplies", "credentials", "gpu", "config", "health", "report", "systemd"];
    for (const name of names)
      assert.ok(roundsOf(await status(), name) > roundsOf({ loops: before }, name), `${hours} h: ${name} stands still`);
    assert.equal((await fetch(`http://127.0.0.1:${port}/livez`)).status, 200);
  }
  assert.equal(host.spawned.length, 1, "kubelet was never restarted");
});

function roundsOf({ loops }: { readonly [key: string]: unknown }, wanted: string): number {
  const found = (loops as readonly { name: string; rounds: number }[]).find(({ name }) => name === wanted);
  return found?.rounds ?? 0;
}

test("a round that is under way at the end is waited for, and one that never ends is named after 15 s", async (context) => {
  const { host, cluster, start } = setUpAgent(context);
  const { end, lines } = await start();
  const hang = Promise.withResolvers<void>();
  const read = host.files.read.bind(host.files);
  host.files.read = async (path) => {
    if (path.endsWith("/kubelet-server-current.pem")) await hang.promise;
    return read(path);
  };
  const [node] = cluster.items;
  cluster.sendEvent("seen", { ...node, status: { conditions: [{ type: "Ready", status: "False" }] } });
  cluster.sendEvent("seen", node); // Ready again: the health loop begins a round.
  await settleDown(host);
  let hasEnded = false;
  const ending = end().then(() => {
    hasEnded = true;
  });
  await host.clock.advance(13_000);
  assert.equal(hasEnded, false);
  await host.clock.advance(3000);
  await ending;
  assert.deepEqual(lines.find(({ msg }) => msg === "rounds did not end in time")?.loops, ["health"]);
  hang.resolve();
});

test("a first round that never ends does not keep the agent from stopping either", async (context) => {
  const { host, start } = setUpAgent(context);
  const hang = Promise.withResolvers<void>();
  const read = host.files.read.bind(host.files);
  host.files.read = async (path) => {
    if (path === "/etc/containerd/config.toml") await hang.promise;
    return read(path);
  };
  const { end, lines } = await start();
  const ending = end();
  await host.clock.advance(16_000);
  await ending;
  assert.deepEqual(lines.find(({ msg }) => msg === "rounds did not end in time")?.loops, ["converge"]);
  hang.resolve();
});
