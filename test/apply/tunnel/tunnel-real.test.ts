// The executors on a network namespace of their own, with the real ip, wg, iptables and WireGuard: what they set is what they read.
import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { planTunnel } from "../../../agent/plan/tunnel/tunnel-plan.ts";
import { makePrivateKey, publicKeyOf } from "../../../agent/tunnel/wireguard-key.ts";
import { sampleConfig, sampleGateway, sampleTunnel } from "../../fakes/samples.ts";
import { findPrograms } from "../../network/real/programs.ts";

const NAME = `est${process.pid}`;

/** The others wait for the watch, or for the full comparison of each fifth minute. */
const SEEN_BY_A_GLANCE = [
  "the interface is deleted",
  "the address is removed",
  "a route is removed",
  "a foreign route leads into it",
  "it is down",
  "the reverse path filter is strict",
];

interface Answer {
  readonly actions?: readonly string[];
  readonly failures?: readonly string[];
  readonly texts?: readonly string[];
  readonly left?: readonly string[];
}

const programs = findPrograms();
const skip = typeof programs === "string" ? programs : false;

describe("a real tunnel", { skip, concurrency: 1 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tunnel-real-"));
  const key = makePrivateKey();
  let child: ChildProcess;
  let lines: Interface;
  let untouched: string;

  before(() => {
    if (typeof programs === "string") return;
    process.env.PATH = `${process.env.PATH}:${dirname(programs.wg)}`;
    run("ip", "netns", "add", NAME);
    inside("ip link set lo up");
    inside("iptables -P FORWARD DROP");
    inside("iptables -A INPUT -p tcp --dport 22 -j ACCEPT");
    untouched = picture();
    child = startRounds();
    lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  });

  after(() => {
    child?.kill("SIGKILL");
    if (skip === false) {
      for (const pid of execFileSync("ip", ["netns", "pids", NAME], { encoding: "utf8" }).split("\n").filter(Boolean))
        process.kill(Number(pid), "SIGKILL");
      run("ip", "netns", "delete", NAME);
    }
    rmSync(folder, { recursive: true });
  });

  function startRounds(): ChildProcess {
    assert.ok(typeof programs !== "string");
    writeFileSync(join(folder, "key"), `${key.reveal()}\n`, { mode: 0o600 });
    standInForSystemd(programs.wireguardGo);
    const config = sampleConfig("network: { cni: routed, tunnel: { userspace: allow } }");
    const wanted = { publicKey: publicKeyOf(key), pods: ["10.251.16.0/24"], remoteNetworks: ["10.250.0.0/24"] };
    const resources = JSON.stringify(planTunnel(config, sampleTunnel(wanted)))
      .replaceAll("es0", NAME)
      .replace("/etc/eks-satellite/tunnel.key", join(folder, "key"));
    const script = join(import.meta.dirname, "real", "rounds-process.ts");
    return spawn("ip", ["netns", "exec", NAME, process.execPath, script, resources, folder], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, LOG_LEVEL: "error", PATH: `${folder}:${process.env.PATH}` },
    });
  }

  /** The unit's program runs in the background. As systemd does, a stop waits for its end: on its way out it removes the socket of its name. */
  function standInForSystemd(wireguardGo: string): void {
    const pidFile = join(folder, "unit.pid");
    const start = `setsid ${wireguardGo} -f ${NAME} >/dev/null 2>&1 </dev/null & echo $! >${pidFile}`;
    const stop = `[ "$1" = stop ] || exit 3; pid=$(cat ${pidFile}) || exit 5; kill $pid; while kill -0 $pid; do sleep 0.05; done`;
    for (const [program, script] of Object.entries({ "systemd-run": start, systemctl: stop }))
      writeFileSync(join(folder, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  async function ask(word: string): Promise<Answer> {
    const answered = once(lines, "line");
    child.stdin?.write(`${word}\n`);
    const [line] = await answered;
    return JSON.parse(line) as Answer;
  }

  test("it is set in one round, and the next round finds nothing to change", async () => {
    assert.deepEqual((await ask("dry")).actions, ["create tunnel", "create firewall", "create firewall"]);
    assert.equal(picture(), untouched, "a dry run changes nothing");
    const { actions, failures } = await ask("round");
    assert.deepEqual([actions, failures], [["create tunnel", "create firewall", "create firewall"], []]);
    const again = await ask("round");
    assert.deepEqual([again.actions, again.failures], [[], []], again.texts?.join("\n"));
  });

  test("a packet to a Service leaves with the node's address", () => {
    assert.match(inside("ip route get 10.100.0.1"), new RegExp(`dev ${NAME} src 10\\.250\\.0\\.11`));
    assert.match(inside("ip route get 10.20.1.10"), new RegExp(`dev ${NAME} src 10\\.250\\.0\\.11`));
  });

  const drifts: Readonly<Record<string, string>> = {
    "the interface is deleted": `ip link delete ${NAME}`,
    "the address is removed": "ip address delete 10.250.0.11/32 dev lo",
    "a route is removed": "ip route delete 10.20.0.0/16",
    "a route loses its source": `ip route replace 10.100.0.0/16 dev ${NAME}`,
    "a foreign route leads into it": `ip route add 203.0.113.7 dev ${NAME}`,
    "the MTU is another": `ip link set ${NAME} mtu 1300`,
    "it is down": `ip link set ${NAME} down`,
    "a peer is removed": `wg set ${NAME} peer ${sampleGateway().publicKey} remove`,
    "a foreign peer takes the VPC's network": `wg set ${NAME} peer ${publicKeyOf(makePrivateKey())} allowed-ips 10.20.0.0/16`,
    "the gateway seems to have moved": `wg set ${NAME} peer ${sampleGateway().publicKey} endpoint 203.0.113.9:7`,
    "the key is another": `wg set ${NAME} private-key ${join(folder, "other")}`,
    "the pods' network leads elsewhere": "ip route delete unreachable 10.251.16.0/24",
    "the reverse path filter is strict": `sysctl -qw net.ipv4.conf.${NAME}.rp_filter=1`,
  };

  for (const [what, change] of Object.entries(drifts))
    test(`${what}: one round repairs it`, async () => {
      writeFileSync(join(folder, "other"), makePrivateKey().reveal(), { mode: 0o600 });
      inside(change);
      const { actions, failures } = await ask("round");
      assert.deepEqual([actions, failures], [["update tunnel"], []]);
      const again = await ask("round");
      assert.deepEqual([again.actions, again.failures], [[], []], again.texts?.join("\n"));
    });

  for (const [what, change] of Object.entries({
    "the chain is emptied": "iptables -F EKS-SATELLITE",
    "the jump is gone, as after a reload of another firewall": "iptables -D INPUT -j EKS-SATELLITE",
    "a rule that drops all is added": "iptables -A EKS-SATELLITE -j DROP",
    "pods have no way out": "iptables -t nat -F EKS-SATELLITE",
    "all is masqueraded first": "iptables -t nat -I EKS-SATELLITE 1 -j MASQUERADE",
    "the order of the translation is another":
      "iptables -t nat -D EKS-SATELLITE 1;iptables -t nat -A EKS-SATELLITE -o NAME -j RETURN",
  }))
    test(`${what}: one round repairs it`, async () => {
      for (const command of change.replace("NAME", NAME).split(";")) inside(command);
      assert.deepEqual((await ask("round")).actions, ["update firewall"]);
      assert.deepEqual((await ask("round")).actions, []);
    });

  test("a glance, which starts no program, sees the drifts that files show", async () => {
    const seen: string[] = [];
    for (const [what, change] of Object.entries(drifts)) {
      assert.deepEqual((await ask("glance")).failures, [], what);
      assert.deepEqual((await ask("glance")).actions, [], what);
      inside(change);
      const { actions, failures } = await ask("glance");
      assert.deepEqual(failures, [], what);
      if (actions?.length === 1) seen.push(what);
      assert.deepEqual((await ask("round")).failures, [], what);
    }
    assert.deepEqual(seen, SEEN_BY_A_GLANCE);
  });

  test("an address that no pod has leads nowhere, and one that a pod has leads to it", () => {
    assert.throws(() => inside("ip route get 10.251.16.9"));
    inside("ip link add veth1 type veth peer name pod1");
    inside("ip link set veth1 up");
    inside("ip route add 10.251.16.9/32 dev veth1");
    assert.match(inside("ip route get 10.251.16.9"), /dev veth1/);
    inside("ip link delete veth1");
  });

  test("a peer that is set anew is the same peer", async () => {
    assert.deepEqual(await ask("restart"), {});
    assert.deepEqual((await ask("round")).actions, []);
  });

  test("no text that is compared or shown has the private key", async () => {
    inside(`ip link set ${NAME} mtu 1300`);
    const { texts } = await ask("round");
    assert.ok(texts !== undefined && texts.length > 0 && !texts.join("").includes(key.reveal()));
  });

  test("removed, twice, nothing of it is left, and what was there before is", async () => {
    assert.equal((await ask("list")).left?.length, 5);
    for (let turn = 0; turn < 2; turn += 1) assert.deepEqual(await ask("remove"), {});
    assert.deepEqual((await ask("list")).left, []);
    assert.equal(picture(), untouched);
  });

  /** Addresses, routes, links and the packet filter. */
  function picture(): string {
    return ["ip -brief address", "ip -brief link", "ip -4 route show table all", "iptables -S", "iptables -t nat -S"]
      .map(inside)
      .join("\n");
  }
});

function inside(command: string): string {
  return run("ip", "netns", "exec", NAME, ...command.split(" "));
}

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8" });
}
