import assert from "node:assert/strict";
import { test } from "node:test";
import { renderConflist } from "../../agent/plan/pods/conflist.ts";
import { podNetworkStep } from "../../agent/reset/pod-network.ts";
import type { StepOptions } from "../../agent/reset/step.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const ADDRESSES = "/var/lib/cni/networks/eks-satellite";
const RESULT = "/var/lib/cni/results/eks-satellite-0123-eth0";
const EMPTY_PORTS = [
  "*nat",
  ":PREROUTING ACCEPT [0:0]",
  ":CNI-HOSTPORT-DNAT - [0:0]",
  ":CNI-HOSTPORT-MASQ - [0:0]",
  ":CNI-HOSTPORT-SETMARK - [0:0]",
  "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
  '-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
  "-A POSTROUTING -j DOCKER",
  "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE",
  "-A CNI-HOSTPORT-SETMARK -m comment --comment mark -j MARK --set-xmark 0x2000/0x2000",
  "COMMIT",
].join("\n");

function setUp(rules = EMPTY_PORTS) {
  const host = new MemoryHost();
  const { files } = host;
  files.put("/proc/self/mountinfo", "1 0 8:1 / / rw shared:1 - ext4 x rw\n");
  files.put("/etc/cni/net.d/10-eks-satellite.conflist", renderConflist({ networks: ["10.250.16.0/25"], mtu: 1420 }));
  files.put(`${ADDRESSES}/10.250.16.2`, "0123\r\neth0");
  files.put(RESULT, "{}");
  files.put("/var/lib/cni/results/podman-4567-eth0", "{}");
  const restored: string[] = [];
  const deleted: string[] = [];
  host.install("iptables-save", () => ({ stdout: rules }));
  host.install("iptables-restore", (args) => {
    restored.push(files.peek(args.at(-1) ?? "")?.content ?? "");
    return {};
  });
  host.install("ip", (args) => {
    if (args[0] === "link") deleted.push(args.at(-1) ?? "");
    const routes = [
      { dst: "default", dev: "eth0" },
      { dst: "10.250.16.2", dev: "veth0a1b2c3d" },
      { dst: "10.250.17.9", dev: "veth99999999" },
      { dst: "172.17.0.0/16", dev: "docker0" },
    ];
    return { stdout: JSON.stringify(routes) };
  });
  const step = podNetworkStep({ host } as unknown as StepOptions);
  return { host, files, step, restored, deleted };
}

test("addresses, links and empty chains of host ports are listed and removed; those of others stay", async () => {
  const { step, files, restored, deleted } = setUp();
  assert.deepEqual(await step.list(), [
    `remove ${ADDRESSES}`,
    `remove ${RESULT}`,
    "remove the link veth0a1b2c3d of a pod that is gone",
    "remove the empty chains of host ports: CNI-HOSTPORT-DNAT, CNI-HOSTPORT-MASQ, CNI-HOSTPORT-SETMARK",
  ]);
  assert.deepEqual(await step.run(), []);
  assert.deepEqual(deleted, ["veth0a1b2c3d"]);
  assert.match(restored[0] ?? "", /^-D PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT$/m);
  assert.match(restored[0] ?? "", /^-X CNI-HOSTPORT-SETMARK$/m);
  assert.doesNotMatch(restored[0] ?? "", /DOCKER/);
  assert.deepEqual([files.peek(`${ADDRESSES}/10.250.16.2`), files.peek(RESULT)], [undefined, undefined]);
  assert.ok(files.peek("/var/lib/cni/results/podman-4567-eth0") !== undefined);
});

test("chains of host ports that another program's container uses stay", async () => {
  const { step, restored } = setUp(EMPTY_PORTS.replace("COMMIT", "-A CNI-HOSTPORT-DNAT -p tcp -j CNI-DN-0123\nCOMMIT"));
  assert.ok(!(await step.list()).some((line) => line.includes("CNI-")));
  await step.run();
  assert.deepEqual(restored, []);
});

test("a machine whose pods never had addresses has nothing to remove, and no program is started", async () => {
  const host = new MemoryHost();
  const step = podNetworkStep({ host } as unknown as StepOptions);
  assert.deepEqual([await step.list(), await step.run()], [[], []]);
  assert.deepEqual(host.commands, []);
});
