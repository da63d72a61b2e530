import assert from "node:assert/strict";
import { test } from "node:test";
import { POD_PLUGINS, renderConflist } from "../../../agent/plan/pods/conflist.ts";

test("each pod gets one address, of whichever of the node's networks has one, and the tunnel's MTU", () => {
  const networks = ["10.250.16.0/25", "10.250.17.0/25"];
  const { name, plugins } = JSON.parse(renderConflist({ networks, mtu: 1328 }));
  assert.equal(name, "eks-satellite", "host-local keeps its files under this name");
  const [ptp, portmap] = plugins;
  assert.deepEqual([ptp.type, ptp.mtu, ptp.ipMasq, portmap.type], ["ptp", 1328, false, "portmap"]);
  assert.deepEqual(ptp.ipam.ranges, [[{ subnet: "10.250.16.0/25" }, { subnet: "10.250.17.0/25" }]]);
  assert.deepEqual(portmap.capabilities, { portMappings: true });
});

test("every plugin that it names is one whose absence is reported", () => {
  const { plugins } = JSON.parse(renderConflist({ networks: ["10.250.16.0/25"], mtu: 1420 }));
  const named = plugins.flatMap(({ type, ipam }: { type: string; ipam?: { type: string } }) => [type, ipam?.type]);
  for (const type of named.filter((name: string | undefined) => name !== undefined))
    assert.ok((POD_PLUGINS as readonly string[]).includes(type), type);
});
