// The VPC's fabric on real namespaces, fed by hand instead of by AWS: what becomes of flows that go on while something changes.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Addresses, addressesOf } from "../../sandbox/addresses.ts";
import { down } from "../../sandbox/down.ts";
import { execIn } from "../../sandbox/links.ts";
import { ensureNetwork } from "../../sandbox/network.ts";
import { claimSlot } from "../../sandbox/slots.ts";
import { cacheFolder } from "../../sandbox/state.ts";
import { apiEniAddresses, instanceNamespace, type VpcAddresses } from "../../sandbox/vpc/addresses.ts";
import { attachInstance, detachInstance } from "../../sandbox/vpc/attach.ts";
import type { Cloud, CloudInterface } from "../../sandbox/vpc/cloud.ts";
import { plugControlPlane } from "../../sandbox/vpc/control-plane.ts";
import { Fabric, renderProgram } from "../../sandbox/vpc/fabric.ts";
import { readLinks } from "../../sandbox/vpc/ports.ts";

const FOLDER = join(cacheFolder(), "fabric-sandbox");
const ELASTIC = "198.51.100.7";
const PORT = 51820;
const OPEN = { protocol: "-1", fromPort: null, toPort: null, cidr: "0.0.0.0/0", group: null };

let addresses: Addresses;
let vpc: VpcAddresses;
let fabric: Fabric;
const servers: ChildProcess[] = [];

const namespaceOf = (name: string) => instanceNamespace(addresses.slot, name);

function eni(name: string, address: string, publicAddress: string | null = null, subnet = "subnet-a"): CloudInterface {
  return {
    ...{
      id: `eni-${name}`,
      address,
      addresses: [address],
      publicAddress,
      description: "",
      subnet,
      mac: "",
    },
    ...{ securityGroups: ["sg-open"], sourceDestCheck: true, instance: null, deviceIndex: null },
  };
}

/** Two instances, of which `owner` has the Elastic IP. */
function cloudWith(owner: "one" | "other"): Cloud {
  const routes = [{ destination: "0.0.0.0/0", target: "igw-1" }];
  return {
    ...{ vpc: "vpc-1", cidrs: ["10.0.0.0/16"], internetGateways: ["igw-1"], instances: [] },
    ...{ remoteNetworks: [], remoteNodeNetworks: [] },
    subnets: [
      { id: "subnet-a", cidr: "10.0.1.0/24", zone: "a" },
      { id: "subnet-b", cidr: "10.0.2.0/24", zone: "b" },
    ],
    routeTables: [{ id: "rtb-0000001", isMain: true, subnets: [], routes }],
    securityGroups: [{ id: "sg-open", name: "open", ingress: [OPEN], egress: [OPEN] }],
    interfaces: [
      eni("one", "10.0.1.5", owner === "one" ? ELASTIC : null),
      eni("other", "10.0.1.6", owner === "other" ? ELASTIC : null),
      eni("api-a", apiEniAddresses[0]),
      eni("api-b", apiEniAddresses[1], null, "subnet-b"),
    ],
  };
}

async function apply(cloud: Cloud): Promise<void> {
  await fabric.apply(renderProgram(cloud, await readLinks(vpc.fabricNamespace), vpc));
}

before(async () => {
  await down(FOLDER);
  addresses = addressesOf(await claimSlot(FOLDER), "vpc");
  assert.ok(addresses.vpc);
  vpc = addresses.vpc;
  await ensureNetwork(addresses, "0123456789ABCDEF");
  fabric = new Fabric(addresses, vpc);
  await plugControlPlane(addresses, vpc, cloudWith("one"));
  for (const { id, address } of cloudWith("one").interfaces.slice(0, 2))
    await attachInstance(vpc, namespaceOf(id), [{ id, address, subnetCidr: "10.0.1.0/24" }]);
  await apply(cloudWith("one"));
  for (const name of ["eni-one", "eni-other"]) servers.push(await serve(name));
});
after(async () => {
  for (const server of servers) server.kill();
  await down(FOLDER);
});

/** Answers each packet with a name. */
async function serve(name: string): Promise<ChildProcess> {
  const program = `
    const socket = require("dgram").createSocket("udp4");
    socket.on("message", (_, { address, port }) => socket.send("${name}", port, address));
    socket.bind(${PORT}, () => console.log("listening"));`;
  const command = ["netns", "exec", namespaceOf(name), process.execPath, "--eval", program];
  const child = spawn("ip", command, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return child;
}

/** Who answers at an address to a flow that has always the same port; undefined without an answer. */
async function answerer(from: string, to: string): Promise<string | undefined> {
  const program = `
    const socket = require("dgram").createSocket("udp4");
    socket.on("message", (text) => { console.log(String(text)); process.exit(0); });
    socket.bind(${PORT + 1}, () => socket.send("x", ${PORT}, "${to}"));
    setTimeout(() => process.exit(1), 700);`;
  return execIn(from, [process.execPath, "--eval", program]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}

test("an Elastic IP that moves leads to the other interface at once, for a flow that goes on", async () => {
  assert.equal(await answerer(vpc.internetNamespace, ELASTIC), "eni-one");
  await apply(cloudWith("other"));
  assert.equal(await answerer(vpc.internetNamespace, ELASTIC), "eni-other");
});

test("instances of one subnet reach each other, whatever has the Elastic IP", async () => {
  assert.equal(await answerer(namespaceOf("eni-one"), "10.0.1.6"), "eni-other");
  assert.equal(await answerer(namespaceOf("eni-other"), "10.0.1.5"), "eni-one");
});

test("a fabric that begins anew leaves nothing of the one before", async () => {
  const cloud = { ...cloudWith("one"), remoteNetworks: ["10.250.0.0/24"] };
  const routes = async () => (await execIn(addresses.controlNamespace, ["ip", "route", "show", "table", "all"])).stdout;
  await apply(cloud);
  assert.match(await routes(), /10\.250\.0\.0/);
  const successor = new Fabric(addresses, vpc);
  await successor.reset();
  fabric = successor;
  await apply(cloudWith("one"));
  assert.equal(await answerer(vpc.internetNamespace, ELASTIC), "eni-one");
  assert.doesNotMatch(await routes(), /10\.250\.0\.0/);
});

test("an instance that is unplugged answers no more, and one that is plugged in again does", async () => {
  const [one] = cloudWith("one").interfaces;
  assert.ok(one);
  await detachInstance(vpc, [one]);
  await apply(cloudWith("one"));
  assert.equal(await answerer(vpc.internetNamespace, ELASTIC), undefined);
  await attachInstance(vpc, namespaceOf(one.id), [{ ...one, subnetCidr: "10.0.1.0/24" }]);
  await apply(cloudWith("one"));
  assert.equal(await answerer(vpc.internetNamespace, ELASTIC), "eni-one");
});
