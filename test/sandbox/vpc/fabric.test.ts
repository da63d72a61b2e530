import assert from "node:assert/strict";
import { test } from "node:test";
import { vpcAddressesOf } from "./addresses.ts";
import { fabricPort } from "./attach.ts";
import type { Cloud, CloudInterface } from "./cloud.ts";
import { type FabricProgram, renderProgram } from "./fabric.ts";

const vpc = vpcAddressesOf(3);
const OPEN = { protocol: "-1", fromPort: null, toPort: null, cidr: "0.0.0.0/0", group: null };

function eni(id: string, address: string, more: Partial<CloudInterface> = {}): CloudInterface {
  return {
    ...{ id, address, addresses: [address], description: "", subnet: "subnet-a", mac: "", publicAddress: null },
    ...{ securityGroups: ["sg-cluster"], sourceDestCheck: true, instance: null, deviceIndex: null, ...more },
  };
}

const cloud: Cloud = {
  vpc: "vpc-1",
  cidrs: ["10.0.0.0/16"],
  internetGateways: ["igw-1"],
  subnets: [
    { id: "subnet-a", cidr: "10.0.1.0/24", zone: "a" },
    { id: "subnet-b", cidr: "10.0.2.0/24", zone: "b" },
  ],
  routeTables: [
    {
      id: "rtb-0000001",
      isMain: true,
      subnets: [],
      routes: [
        { destination: "10.0.0.0/16", target: "local" },
        { destination: "0.0.0.0/0", target: "igw-1" },
        { destination: "10.250.0.0/24", target: "eni-gateway" },
        { destination: "10.251.0.0/24", target: "eni-gone" },
      ],
    },
    {
      id: "rtb-0000002",
      isMain: false,
      subnets: ["subnet-b"],
      routes: [{ destination: "10.0.0.0/16", target: "local" }],
    },
  ],
  securityGroups: [
    { id: "sg-cluster", name: "cluster", ingress: [{ ...OPEN, cidr: null, group: "sg-cluster" }], egress: [OPEN] },
    {
      ...{ id: "sg-gateway", name: "gateway", egress: [OPEN] },
      ingress: [{ protocol: "udp", fromPort: 51820, toPort: 51820, cidr: "0.0.0.0/0", group: null }],
    },
  ],
  interfaces: [
    eni("eni-api-a", "10.0.1.10"),
    eni("eni-api-b", "10.0.2.10", { subnet: "subnet-b" }),
    eni("eni-gateway", "10.0.1.5", {
      publicAddress: "198.51.100.7",
      securityGroups: ["sg-gateway"],
      sourceDestCheck: false,
    }),
  ],
  instances: [],
  remoteNetworks: ["10.250.0.0/24"],
  remoteNodeNetworks: ["10.250.0.0/24"],
};
const ALL = ["eni-api-a", "eni-api-b", "eni-gateway"];
const program = (changed: Partial<Cloud> = {}, plugged = ALL) =>
  renderProgram({ ...cloud, ...changed }, new Set(plugged.map(fabricPort)), vpc);
const fabric = (of: FabricProgram) => [...of.fabric.values()];
const control = (of: FabricProgram) => [...of.control.values()];
const [api, apiB, gateway] = ["eni-api-a", "eni-api-b", "eni-gateway"].map(fabricPort);

test("a route to an interface leads to it, to one that is gone or unplugged nowhere", () => {
  assert.ok(fabric(program()).includes(`route replace 10.250.0.0/24 via 10.0.1.5 dev ${gateway} onlink table 1001`));
  assert.ok(fabric(program()).includes("route replace blackhole 10.251.0.0/24 table 1001"));
  assert.ok(fabric(program({}, ALL.slice(0, 2))).includes("route replace blackhole 10.250.0.0/24 table 1001"));
});

test("a subnet goes by its own table, and by the main one without", () => {
  const lines = fabric(program());
  assert.ok(lines.includes(`rule add iif ${api} lookup 1001 preference 1000`));
  assert.ok(lines.includes(`rule add iif ${apiB} lookup 1002 preference 1000`));
  assert.ok(lines.includes("route replace default via 198.18.3.33 dev igw table 1001"));
  assert.ok(lines.includes("route replace blackhole default table 1002"));
  assert.ok(!lines.some((line) => line.includes("10.250.0.0/24") && line.endsWith("table 1002")));
});

test("the control plane has routes for the VPC and the remote networks, and for nothing else", () => {
  const destinations = (of: FabricProgram) => control(of).flatMap((line) => /replace (\S+) via/.exec(line)?.[1] ?? []);
  assert.deepEqual(new Set(destinations(program())), new Set(["10.0.0.0/16", "10.250.0.0/24"]));
  assert.deepEqual(new Set(destinations(program({ remoteNetworks: [] }))), new Set(["10.0.0.0/16"]));
});

test("source/dest check lets an interface's own addresses through alone, where it is on", () => {
  const { filter } = program();
  assert.match(filter, new RegExp(`-A check -o ${api} -j dst-${api}\n`));
  assert.doesNotMatch(filter, new RegExp(`-A check -[io] ${gateway} `));
});

test("security groups: networks with ports, members by their addresses, and nothing by default", () => {
  const { filter } = program();
  assert.match(
    filter,
    new RegExp(`-A in-${gateway} -s 0.0.0.0/0 -p udp --dport 51820:51820 -j RETURN\n-A in-${gateway} -j DROP\n`),
  );
  assert.match(
    filter,
    new RegExp(`-A in-${api} -s 10.0.1.10 -j RETURN\n-A in-${api} -s 10.0.2.10 -j RETURN\n-A in-${api} -j DROP\n`),
  );
});

test("an Elastic IP is translated one to one; without one nothing leaves", () => {
  const { filter } = program();
  assert.match(filter, /-A PREROUTING -i igw -d 198.51.100.7 -j DNAT --to-destination 10.0.1.5\n/);
  assert.match(filter, /-A POSTROUTING -o igw -s 10.0.1.5 -j SNAT --to-source 198.51.100.7\n/);
  assert.match(filter, /-A to-internet -s 10.0.1.5 -j RETURN\n-A to-internet -j DROP\n/);
});
