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
