import assert from "node:assert/strict";
import { test } from "node:test";
import { statusCommand } from "../../agent/commands/status.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { AT, LATER, sampleStatus } from "../fakes/sample-status.ts";

async function run(
  body: string | undefined,
  options: { output?: "text" | "json"; config?: string; journal?: string } = {},
) {
  const host = new MemoryHost();
  const urls: string[] = [];
  if (options.config !== undefined) host.files.put("/c.yaml", options.config);
  host.onFetch = ({ url }) => {
    urls.push(url);
    if (body === undefined) throw new Error("connect ECONNREFUSED");
    return { status: 200, body };
  };
  host.install("systemctl", () => ({
    stdout: "LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=exit-code\nNRestarts=4\n",
  }));
  host.install("journalctl", () => ({ stdout: options.journal ?? "config.yaml:3: unknown key clutser\n" }));
  const parts: string[] = [];
  const paint = (_style: string, plain: string) => plain;
  const exitCode = await statusCommand(
    host,
    { config: "/c.yaml", output: options.output ?? "text", watch: false, paint },
    (part) => void parts.push(part),
    new AbortController().signal,
  );
  return { text: parts.join(""), exitCode, urls };
}

test("a healthy node is one screen: verdict, conditions, expiry, GPU, the last five events, the next command", async () => {
  const { text, exitCode } = await run(JSON.stringify(sampleStatus()));
  assert.equal(exitCode, 0);
  assert.match(text, /^● ready Node gpu-1 is Ready\n {2}node gpu-1 of demo in us-west-2 \(1\.34\)/);
  assert.match(text, /✓ RuntimeReady {13} {2}1m {2}Good: RuntimeReady is good/);
  assert.match(text, /keys in 1h, token expired 1m ago, serving certificate none/);
  assert.match(text, /GPU +1 NVIDIA, driver 550\.54\.15/);
  assert.deepEqual([...text.matchAll(/Event\d/g)].map(String), ["Event2", "Event3", "Event4", "Event5", "Event6"]);
  assert.match(text, /Next: kubectl get node gpu-1\n$/);
  assert.ok(text.split("\n").length <= 47, "one screen");
});

test("a daemon with a condition, an identity, an action and fields that this program does not know is shown all the same", async () => {
  const status = sampleStatus();
  const [first] = status.conditions;
  const novel = { ...first, type: "QuantumLinkUp", status: "False", dependsOn: ["FluxStable"], novelty: 1 };
  const fault = { code: "gpu-warp", message: "warped", action: "unwarp" };
  const document = {
    ...status,
    rootCauses: ["QuantumLinkUp"],
    conditions: [...status.conditions, novel],
    node: { ...status.node, identity: "quantum" },
    gpu: { devices: 1, gpus: [{ busId: "0000:18:00.0", isAnswering: true, faults: [fault], xids: {} }] },
    novelty: {},
  };
  const { text, exitCode } = await run(JSON.stringify(document));
  assert.equal(exitCode, 0);
  assert.match(text, /✗ QuantumLinkUp/);
  assert.match(text, /✗ warped/);
});

test("a machine without GPUs has one line about them", async () => {
  const conditions = sampleStatus().conditions.map((condition) =>
    condition.type.startsWith("Gpu") ? { ...condition, reason: "NoGpu" } : condition,
  );
  const { text } = await run(JSON.stringify(sampleStatus({ conditions, gpu: { devices: 0 } })));
  assert.deepEqual(text.match(/^.*G[Pp][Uu].*$/gm), ["GPU         none"]);
});

test("the certificate of Roles Anywhere is shown with the other expiries, where it is used", async () => {
  const status = sampleStatus();
  assert.doesNotMatch((await run(JSON.stringify(status))).text, /Roles Anywhere/);
  const credentials = { ...status.credentials, certificateExpiresAt: LATER };
  const { text } = await run(JSON.stringify({ ...status, credentials }));
  assert.match(text, /serving certificate none, Roles Anywhere certificate in 1h/);
});

test("each GPU has a line with its state and its fault", async () => {
  const common = { isAnswering: true, faults: [], xids: {} };
  const fault = { code: "gpu-xid-79", message: "Xid 79: GPU has fallen off the bus.", action: "reboot" as const };
  const gpus = [
    { ...common, busId: "0000:18:00.0", product: "NVIDIA H100", temperatureCelsius: 41, utilizationPercent: 97 },
    { ...common, busId: "0000:2a:00.0", isMig: true, memoryUsedMebibytes: 4, memoryTotalMebibytes: 81_559 },
    { ...common, busId: "0000:3a:00.0", isAnswering: false, faults: [fault] },
    { ...common, busId: "0000:5d:00.0", isAnswering: false },
  ];
  const runtime = { binary: "/usr/bin/nvidia-container-runtime", defaultRuntime: "nvidia", cdiOwner: "eks-satellite" };
  const gpu = { devices: 4, driverVersion: "570.133.20", cudaVersion: "12.8", gpus, runtime };
  const { text } = await run(JSON.stringify(sampleStatus({ gpu })));
  assert.match(text, /GPU +4 NVIDIA, driver 570\.133\.20, CUDA up to 12\.8\n/);
  assert.match(text, /0000:18:00\.0 {2}NVIDIA H100: ok, 41 °C, 97 %\n/);
  assert.match(text, /0000:2a:00\.0 {2}NVIDIA GPU: ok, 4 of 81559 MiB, MIG\n/);
  assert.match(text, /0000:3a:00\.0 .*✗ Xid 79: GPU has fallen off the bus\.\n/);
  assert.match(text, /0000:5d:00\.0 .*: no answer\n/);
  assert.match(
    text,
    /pods +\/usr\/bin\/nvidia-container-runtime, default runtime nvidia, CDI specification kept by eks-satellite\n/,
  );
  assert.match((await run(JSON.stringify(sampleStatus({ gpu: { devices: 0 } })))).text, /GPU +none\n/);
});

test("a root cause has its hint, consequences are marked, and pending changes are shown", async () => {
  const conditions = sampleStatus().conditions.map((condition) => {
    if (condition.type === "RuntimeReady")
      return {
        ...condition,
        status: "False" as const,
        reason: "CriDisabled",
        message: "no CRI",
        hint: "See journalctl -u containerd.",
      };
    if (condition.type === "NodeReady") return { ...condition, status: "False" as const };
    if (condition.type !== "DnsWorking") return condition;
    const pending = { status: "False" as const, reason: "DnsFailed", message: "no such name", since: AT };
    return { ...condition, pending };
  });
  const verdict = {
    ready: false,
    healthy: false,
    reason: "RuntimeNotReady",
    summary: "RuntimeReady: no CRI",
    hint: "See journalctl -u containerd.",
  };
  const { text, exitCode } = await run(
    JSON.stringify(sampleStatus({ conditions, verdict, rootCauses: ["RuntimeReady"] })),
  );
  assert.equal(exitCode, 1);
  assert.match(text, /^✗ not ready: RuntimeReady: no CRI\n/);
  assert.match(text, /✗ RuntimeReady .*CriDisabled: no CRI\n {2}→ See journalctl -u containerd\./);
  assert.match(text, /✗ NodeReady .*\(a consequence\)/);
  assert.match(text, / {2}~ for 1m: DnsFailed: no such name/);
  assert.match(text, /Next: See journalctl -u containerd\.\n$/);
});

test("--output json is the document that the daemon served", async () => {
  const body = JSON.stringify(sampleStatus());
  assert.equal((await run(body, { output: "json" })).text, body);
});

test("a silent daemon is shown with systemd's state and the journal's last warnings", async () => {
  const { text, exitCode } = await run(undefined);
  assert.equal(exitCode, 3);
  assert.match(
    text,
    /does not answer on http:\/\/127\.0\.0\.1:9911\/status\n {2}systemd: failed \(failed, result exit-code\), 4 restarts/,
  );
  assert.match(text, /unknown key clutser/);
  assert.match(text, /Next: systemctl start eks-satellite/);
  const json = JSON.parse((await run(undefined, { output: "json" })).text);
  assert.deepEqual([json.isActive, json.journal], [false, ["config.yaml:3: unknown key clutser"]]);
});

test("the address is the configured one; an address for every interface is asked on loopback", async () => {
  const head = "cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /k }\n";
  const urlOf = async (health: string) =>
    (await run(JSON.stringify(sampleStatus()), { config: `${head}health: ${health}` })).urls[0];
  assert.equal(await urlOf("{ port: 9000 }"), "http://127.0.0.1:9000/status");
  assert.equal(await urlOf("{ address: 0.0.0.0, allowRemote: true }"), "http://127.0.0.1:9911/status");
  assert.equal(await urlOf('{ address: "::1" }'), "http://[::1]:9911/status");
});

test("another document, or a newer status, is an error that says so", async () => {
  await assert.rejects(run("<html>"), { code: "status-unreadable" });
  await assert.rejects(run(JSON.stringify({ ...sampleStatus(), schemaVersion: 2 })), {
    code: "status-newer",
    message: /version 2/,
  });
});

test("the words of others bring neither terminal sequences nor lines of their own to the screen", async () => {
  const evil = "\u001b[2J\u001b[1;1Hfine\n● ready\u202e\u009b31m";
  const conditions = sampleStatus().conditions.map((condition) => ({ ...condition, message: evil }));
  const body = JSON.stringify(sampleStatus({ conditions }));
  for (const output of ["text", "json"] as const) {
    const { text } = await run(body, { output });
    assert.doesNotMatch(text, /(?!\n)[\p{Cc}\p{Cf}]/u, output);
  }
  const { text } = await run(body);
  assert.equal(text.split("\n").filter((line) => line.startsWith("●")).length, 1);
});

test("the journal of a daemon that does not answer brings none either", async () => {
  const { text } = await run(undefined, { journal: "kubelet: \u001b]0;owned\u0007bad\u001b[8m hidden\n" });
  assert.match(text, /^ {4}kubelet: bad hidden$/m);
});

test("where nothing is installed, or systemd does not answer, that is said, and what to do is check", async () => {
  for (const [show, unit] of [
    [() => ({ stdout: "LoadState=not-found\nActiveState=inactive\n" }), "the service is not installed here"],
    [() => ({ exitCode: 1, stderr: "Failed to connect to bus" }), "systemd does not answer"],
    [undefined, "systemd does not answer"],
  ] as const) {
    const host = new MemoryHost();
    if (show !== undefined) host.install("systemctl", show);
    let text = "";
    const options = {
      config: "/nowhere/config.yaml",
      output: "text",
      watch: false,
      paint: (_: string, word: string) => word,
    } as const;
    const print = (words: string) => {
      text += words;
    };
    assert.equal(await statusCommand(host, options, print, new AbortController().signal), 3);
    assert.match(text, new RegExp(`systemd: ${unit}\n`));
    assert.match(text, /config: there is no configuration at \/nowhere\/config\.yaml/);
    assert.match(text, /Next: eks-satellite check\n/);
    assert.doesNotMatch(text, /\?/);
  }
});

test("--watch draws each screen over the one before, as one frame, and blanks nothing first", async () => {
  const host = new MemoryHost();
  const frames: string[] = [];
  const stop = new AbortController();
  host.fetch = async () => ({ status: 200, body: JSON.stringify(sampleStatus()), headers: {} }) as never;
  const print = (text: string) => {
    frames.push(text);
    if (frames.length === 2) stop.abort();
  };
  const options = {
    config: "/c.yaml",
    output: "text",
    watch: true,
    paint: (_style: string, text: string) => text,
  } as const;
  const watching = statusCommand(host, options, print, stop.signal);
  while (frames.length < 2) await host.clock.advance(2000);
  await watching;
  for (const frame of frames) {
    assert.ok(frame.startsWith("\u001b[?2026h\u001b[H● ready"), "home, and not erased");
    assert.ok(frame.endsWith("\u001b[K\n\u001b[J\u001b[?2026l"), "the rest is erased last");
    assert.equal(frame.split("\u001b[K\n").length, frame.split("\n").length, "each line to its end");
  }
});
