import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { GatewayFirewall } from "../../agent/gateway/gateway-firewall.ts";
import type { Host } from "../../agent/host/host.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";

// With the machine's own iptables, in a network namespace of the test's own.
const NAMESPACE = `es-firewall-${process.pid}`;
const POLICY = {
  address: "10.20.1.5",
  mtu: 1420,
  vpcCidrs: ["10.20.0.0/16"],
  services: [{ address: "10.20.1.10", port: 443, protocol: "tcp" }],
  allow: [],
} as const;
const run = promisify(execFile);
const iptables = async (...args: readonly string[]) =>
  (await run("ip", ["netns", "exec", NAMESPACE, "iptables", ...args])).stdout;
const hasIptables = spawnSync("iptables", ["--version"]).status === 0;
const skip = process.getuid?.() !== 0 ? "network namespaces need root" : hasIptables ? false : "there is no iptables";
let folder = "";

before(async () => {
  if (skip !== false) return;
  folder = await mkdtemp(join(tmpdir(), "es-firewall-"));
  await run("ip", ["netns", "add", NAMESPACE]);
});
after(async () => {
  if (skip !== false) return;
  await run("ip", ["netns", "del", NAMESPACE]);
  await rm(folder, { recursive: true });
});

function setUp() {
  const real = createLinuxHost();
  const commands: string[] = [];
  const host: Host = {
    ...real,
    run: (command, args, options) => {
      commands.push([command, ...args].join(" "));
      return real.run("ip", ["netns", "exec", NAMESPACE, command, ...args], options);
    },
  };
  return { firewall: new GatewayFirewall(host, join(folder, "rules")), commands };
}

test("chains are made before the rules of others, kept, and repaired; others' rules stay", { skip }, async () => {
  await iptables("-A", "FORWARD", "-s", "192.0.2.1", "-j", "DROP");
  const { firewall, commands } = setUp();
  assert.equal(await firewall.apply(POLICY), true);
  const rules = await iptables("-S");
  assert.match(rules, /-A FORWARD -j ES-GATEWAY-FORWARD\n-A FORWARD -s 192\.0\.2\.1\/32 -j DROP\n/);

  commands.length = 0;
  assert.equal(await firewall.apply(POLICY), false);
  assert.ok(!commands.some((line) => line.includes("restore") || line.includes("-I ")), "a round with nothing to do");

  await iptables("-F", "ES-GATEWAY-FORWARD");
  assert.equal(await firewall.apply(POLICY), true);
  assert.equal(await iptables("-S"), rules);
  await iptables("-D", "INPUT", "-j", "ES-GATEWAY-INPUT");
  assert.equal(await firewall.apply(POLICY), true);
  assert.equal(await iptables("-S"), rules);
});

test("another policy replaces the rules, and a new process adds nothing twice", { skip }, async () => {
  await setUp().firewall.apply(POLICY);
  const before = await iptables("-S");
  const { firewall } = setUp();
  await firewall.apply(POLICY);
  assert.equal(await iptables("-S"), before);
  await firewall.apply({ ...POLICY, services: [], allow: [{ cidr: "10.20.2.0/24", protocol: "tcp" }] });
  const rules = await iptables("-S", "ES-GATEWAY-FORWARD");
  assert.match(rules, /-d 10\.20\.2\.0\/24 -i esgw0 -j ACCEPT/);
  assert.doesNotMatch(rules, /10\.20\.1\.10/);
});

test("rules that iptables refuses are an error with its words, and the old ones stay", { skip }, async () => {
  const { firewall } = setUp();
  await firewall.apply(POLICY);
  const before = await iptables("-S");
  await assert.rejects(firewall.apply({ ...POLICY, vpcCidrs: ["10.20.0.0/99"] }), {
    code: "firewall-failed",
    message: /^iptables-restore --noflush --wait 5 .*`99'/s,
  });
  assert.equal(await iptables("-S"), before);
});
