import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommand } from "../../agent/commands/run.ts";
import { freePort } from "../fakes/free-port.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

test("the daemon refuses to run without root, before it reads anything", async () => {
  const host = new MemoryHost();
  host.userId = 1000;
  const context = { host, environment: {}, write: () => undefined };
  await assert.rejects(
    runCommand(context, { config: "/etc/eks-satellite/config.yaml" }, new AbortController().signal),
    {
      code: "not-root",
      message: /runs as user 1000/,
      hint: /sudo/,
    },
  );
});

test("systemd is notified once that the daemon stops", async () => {
  const host = new MemoryHost();
  host.install("systemd-notify", () => ({}));
  const text = `cluster: { name: demo, region: us-west-2 }
credentials: { keysFile: /etc/eks-satellite/aws-keys }
health: { port: ${await freePort()} }
`;
  host.files.put("/etc/eks-satellite/config.yaml", text);
  const context = { host, environment: { NOTIFY_SOCKET: "/run/systemd/notify" }, write: () => undefined };
  await runCommand(context, { config: "/etc/eks-satellite/config.yaml" }, AbortSignal.abort());
  assert.deepEqual(
    host.commands.filter((command) => command.includes("STOPPING=1")),
    ["systemd-notify --pid=42 STOPPING=1"],
  );
});

test("a daemon beside another one is refused before anything is touched: kubelet of the first runs on", async () => {
  const host = new MemoryHost();
  const left = host.processes.start({ name: "kubelet" });
  const holder = host.processes.start({ name: "node", unit: "eks-satellite.service" });
  await host.files.lock("/var/lib/eks-satellite/lock", JSON.stringify({ pid: holder.pid }));
  const text = "cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /keys }\n";
  host.files.put("/etc/eks-satellite/config.yaml", text);
  const context = { host, environment: {}, write: () => undefined };
  const running = runCommand(context, { config: "/etc/eks-satellite/config.yaml" }, new AbortController().signal);
  await assert.rejects(running, { code: "already-running", message: /in eks-satellite\.service/ });
  assert.deepEqual([host.files.changes, host.commands, left.signals], [[], [], []]);
});

test("the lock is free again when the daemon has stopped", async () => {
  const host = new MemoryHost();
  const text = `cluster: { name: demo, region: us-west-2 }
credentials: { keysFile: /keys }
health: { port: ${await freePort()} }
`;
  host.files.put("/etc/eks-satellite/config.yaml", text);
  const context = { host, environment: {}, write: () => undefined };
  await runCommand(context, { config: "/etc/eks-satellite/config.yaml" }, AbortSignal.abort());
  assert.ok(await host.files.lock("/var/lib/eks-satellite/lock"));
});
