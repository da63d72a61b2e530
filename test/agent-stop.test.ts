// What is under way when the daemon stops, or starts anew on another configuration: it ends in time, and has not failed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUpAgent } from "./fakes/memory-agent.ts";
import { settle } from "./fakes/memory-clock.ts";
import { DOCKER_CONTAINERD_CONFIG } from "./fakes/samples.ts";

const CONTAINERD_CONFIG = "/etc/containerd/config.toml";
const never = () => new Promise<never>(() => undefined);

test("a stop while apt-get runs ends at once; apt-get goes on in its unit, and nothing has failed", async (context) => {
  const { host, start } = setUpAgent(context);
  host.files.drop("/usr/sbin/socat");
  host.install("dpkg-query", () => ({ exitCode: 1 }));
  host.install("systemd-run", never);
  const { end, messages } = await start();
  assert.equal(host.commands.filter((command) => command.startsWith("systemd-run")).length, 1);
  await end(); // A second of the machine's time.
  assert.deepEqual(messages("error"), []);
  assert.doesNotMatch(messages("warn").join("\n"), /did not end in time|DependenciesInstalled/);
});

test("a stop while containerd is restarted rolls nothing back, and the next run goes on from there", async (context) => {
  const { host, containerd, start } = setUpAgent(context);
  host.clock.jump(5000); // containerd was started before.
  const systemctl = { isHanging: true };
  host.install("systemctl", async ([verb = ""]) => {
    if (verb === "show") return { stdout: `${containerd.pid ?? 0}\n` };
    if (systemctl.isHanging) return never();
    containerd.stop();
    containerd.start();
    return {};
  });
  const { end, messages } = await start();
  assert.notEqual(host.files.peek(CONTAINERD_CONFIG)?.content, DOCKER_CONTAINERD_CONFIG);
  await end();
  assert.notEqual(host.files.peek(CONTAINERD_CONFIG)?.content, DOCKER_CONTAINERD_CONFIG, "the file stays");
  assert.deepEqual(messages("error"), []);
  systemctl.isHanging = false;
  await start();
  assert.match(containerd.runningConfig ?? "", /SystemdCgroup = true/);
  assert.equal(host.spawned.length, 1, "kubelet runs");
});

test("a stop while containerd comes up waits for it no longer, and rolls nothing back", async (context) => {
  const { host, start } = setUpAgent(context);
  const answer = host.onGrpc;
  host.onGrpc = () => {
    throw new Error("connect ENOENT");
  };
  const { end, messages } = await start();
  await end();
  await host.clock.advance(60_000);
  assert.notEqual(host.files.peek(CONTAINERD_CONFIG)?.content, DOCKER_CONTAINERD_CONFIG);
  assert.deepEqual(messages("error"), []);
  host.onGrpc = answer;
});

test("a stop while nvidia-ctk or any other command hangs is not kept waiting", async (context) => {
  const { host, start } = setUpAgent(context, "kubelet: { stopSeconds: 1 }");
  const { end, messages } = await start();
  host.install("systemctl", never);
  host.files.put(CONTAINERD_CONFIG, "version = 2\n");
  await host.clock.advance(31_000);
  await end();
  await settle();
  assert.doesNotMatch(messages("warn").join("\n"), /did not end in time/);
});
