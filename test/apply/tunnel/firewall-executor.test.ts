import assert from "node:assert/strict";
import { test } from "node:test";
import { removeFirewall } from "../../../agent/apply/tunnel/firewall-executor.ts";
import type { FirewallResource } from "../../../agent/plan/tunnel/resources.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { MemoryNetwork } from "../../fakes/memory-network.ts";
import { actionsOf, codesOf, createRounds } from "../../fakes/rounds.ts";

const CHAIN = "EKS-SATELLITE";
const PLANNED: FirewallResource = {
  kind: "firewall",
  chain: CHAIN,
  parents: ["INPUT"],
  rules: ["-d 10.250.0.11/32 -i es0 -j ACCEPT"],
  why: "a test",
};
const WITH_PODS: FirewallResource = {
  ...PLANNED,
  parents: ["INPUT", "FORWARD"],
  rules: [...PLANNED.rules, "-s 10.251.0.0/24 -o es0 -j ACCEPT"],
};

function setUp() {
  const host = new MemoryHost();
  return { host, network: new MemoryNetwork(host), rounds: createRounds(host) };
}

test("the chain is made, and the jump to it comes first: a firewall of the machine drops what it does not know", async () => {
  const { network, rounds } = setUp();
  assert.deepEqual(actionsOf(await rounds.apply(PLANNED)), ["create"]);
  assert.deepEqual(network.chains.get(CHAIN), PLANNED.rules);
  assert.deepEqual(network.chains.get("INPUT"), [`-j ${CHAIN}`, "-j ufw-before-input"]);
  assert.deepEqual(network.chains.get("FORWARD"), ["-j DOCKER-USER"], "nothing passes it on a node of host network");
});

test("a round with nothing to do changes nothing, and asks two questions", async () => {
  const { host, network, rounds } = setUp();
  await rounds.apply(PLANNED);
  const before = network.changes.length;
  const asked = host.commands.length;
  assert.deepEqual(actionsOf(await rounds.apply(PLANNED)), []);
  assert.equal(host.commands.length - asked, 2);
  assert.equal(network.changes.length, before);
});

test("what another process removes or adds is repaired, and its own rules stay", async () => {
  const { network, rounds } = setUp();
  await rounds.apply(PLANNED);
  network.chains.set("INPUT", ["-j ufw-before-input"]);
  network.chains.set(CHAIN, ["-j DROP"]);
  assert.deepEqual(actionsOf(await rounds.apply(PLANNED)), ["update"]);
  assert.deepEqual(network.chains.get(CHAIN), PLANNED.rules);
  assert.deepEqual(network.chains.get("INPUT"), [`-j ${CHAIN}`, "-j ufw-before-input"]);
  assert.ok(!network.changes.some((line) => /--flush|-F/.test(line)), "nothing is flushed");
});

test("a jump that another process has moved stays where it is: two programs that both want to be first would never end", async () => {
  const { network, rounds } = setUp();
  await rounds.apply(PLANNED);
  network.chains.get("INPUT")?.unshift("-j KUBE-FIREWALL");
  assert.deepEqual(actionsOf(await rounds.apply(PLANNED)), []);
});

test("networks of pods come and go with their jump", async () => {
  const { network, rounds } = setUp();
  await rounds.apply(WITH_PODS);
  assert.deepEqual(network.chains.get("FORWARD"), [`-j ${CHAIN}`, "-j DOCKER-USER"]);
  await rounds.apply(PLANNED);
  assert.deepEqual(network.chains.get("FORWARD"), ["-j DOCKER-USER"]);
  assert.deepEqual(network.chains.get(CHAIN), PLANNED.rules);
});

test("rules that translate addresses are in order, and a wrong order is repaired from its end", async () => {
  const { network, rounds } = setUp();
  const rules = ["-o es0 -j RETURN", "-d 10.251.0.0/25 -j RETURN", "-s 10.251.0.0/25 -j MASQUERADE"];
  const nat: FirewallResource = { ...PLANNED, table: "nat", parents: ["POSTROUTING"], rules };
  assert.deepEqual(actionsOf(await rounds.apply(PLANNED, nat)), ["create", "create"]);
  assert.deepEqual(network.natChains.get(CHAIN), rules);
  assert.deepEqual(network.natChains.get("POSTROUTING"), [`-j ${CHAIN}`, "-j KUBE-POSTROUTING"]);
  assert.deepEqual(network.chains.get(CHAIN), PLANNED.rules);
  network.natChains.set(CHAIN, rules.toReversed());
  const before = network.changes.length;
  assert.deepEqual(actionsOf(await rounds.apply(PLANNED, nat)), ["update"]);
  assert.deepEqual(network.natChains.get(CHAIN), rules);
  assert.match(network.changes[before] ?? "", /--table nat --delete EKS-SATELLITE -o es0 -j RETURN$/);
  assert.match(network.changes.at(-1) ?? "", /--append EKS-SATELLITE -s 10\.251\.0\.0\/25 -j MASQUERADE$/);
  for (let turn = 0; turn < 2; turn += 1) await removeFirewall(network.host, CHAIN, "nat");
  assert.deepEqual([...network.natChains.keys()], ["POSTROUTING"]);
  assert.deepEqual(network.chains.get(CHAIN), PLANNED.rules, "the chain of the filter stays");
});

test("it is removed whole, twice if need be", async () => {
  const { host, network, rounds } = setUp();
  await rounds.apply(WITH_PODS);
  for (let turn = 0; turn < 2; turn += 1) await removeFirewall(host, CHAIN);
  assert.deepEqual(
    [...network.chains],
    [
      ["INPUT", ["-j ufw-before-input"]],
      ["FORWARD", ["-j DOCKER-USER"]],
    ],
  );
});

test("a lock that another program holds says nothing of the rules: no second jump is set, and no removal has succeeded", async () => {
  const { host, network, rounds } = setUp();
  await rounds.apply(PLANNED);
  const real = host.installed("iptables");
  const lock = (verb: string) =>
    host.install("iptables", (args) =>
      args.includes(verb)
        ? { exitCode: 4, stderr: "Another app is currently holding the xtables lock." }
        : (real?.(args) ?? {}),
    );
  for (const verb of ["--list-rules", "--check"]) {
    lock(verb);
    assert.deepEqual(codesOf(await rounds.apply(PLANNED)), ["tunnel-not-set"], verb);
    await assert.rejects(removeFirewall(host, CHAIN), { code: "tunnel-not-set", message: /xtables lock/ });
  }
  assert.deepEqual(network.chains.get("INPUT"), [`-j ${CHAIN}`, "-j ufw-before-input"]);
  assert.deepEqual(network.chains.get(CHAIN), PLANNED.rules);
});

test("a machine without iptables is a missing tool", async () => {
  const { host, rounds } = setUp();
  host.uninstall("iptables");
  assert.deepEqual(codesOf(await rounds.apply(PLANNED)), ["tools-missing"]);
});
