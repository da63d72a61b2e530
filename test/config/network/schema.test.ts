import assert from "node:assert/strict";
import { test } from "node:test";
import { networkSchema } from "../../../agent/config/network/schema.ts";
import { sampleConfig } from "../../fakes/samples.ts";

const GATEWAY = {
  publicKey: "hIA3ikjlSOAo0qqrI+rXaS3ZH04nX7Q2YQ4m2Vxv7wc=",
  endpoint: "198.51.100.5:51820",
  address: "10.20.1.5",
};
const STATIC = { mode: "static", address: "10.250.0.11", gateways: [GATEWAY], vpcCidrs: ["10.20.0.0/16"] };

const refusals = (tunnel: object) =>
  networkSchema.safeParse({ tunnel }).error?.issues.map(({ path, message }) => `${path.join(".")} ${message}`) ?? [];

test("without a word there is a tunnel where the cluster has one, and no program of ours for a kernel that lacks it", () => {
  assert.deepEqual(networkSchema.parse({}), {
    cni: "host",
    tunnel: { mode: "auto", keepaliveSeconds: 15, mtu: "auto", keyRotationDays: 30, userspace: "never" },
    dns: "cluster",
    dnsImage: "registry.k8s.io/coredns/coredns:v1.12.1",
    dnsZones: [],
  });
});

test("a static tunnel needs its address, its gateways and the VPC's networks", () => {
  assert.deepEqual(networkSchema.parse({ tunnel: STATIC }).tunnel.gateways, [GATEWAY]);
  assert.deepEqual(refusals({ mode: "static" }), [
    "tunnel.address is missing: network.tunnel.mode static needs it",
    "tunnel.gateways is missing: network.tunnel.mode static needs it",
    "tunnel.vpcCidrs is missing: network.tunnel.mode static needs it",
  ]);
});

test("the other modes refuse what only a static tunnel has, rather than ignoring it", () => {
  for (const mode of ["auto", "off"])
    assert.deepEqual(refusals({ ...STATIC, mode, serviceCidr: "10.100.0.0/16" }), [
      "tunnel.address belongs to network.tunnel.mode static",
      "tunnel.gateways belongs to network.tunnel.mode static",
      "tunnel.vpcCidrs belongs to network.tunnel.mode static",
      "tunnel.serviceCidr belongs to network.tunnel.mode static",
    ]);
});

const REFUSED: Readonly<Record<string, readonly [tunnel: object, message: RegExp]>> = {
  "a mode that is none": [{ mode: "on" }, /tunnel\.mode/],
  "a key of another length": [{ ...STATIC, gateways: [{ ...GATEWAY, publicKey: "abc" }] }, /publicKey must be a Wire/],
  "an endpoint without a port": [{ ...STATIC, gateways: [{ ...GATEWAY, endpoint: "gw" }] }, /endpoint must be ADDRESS/],
  "port 0": [{ ...STATIC, gateways: [{ ...GATEWAY, endpoint: "198.51.100.5:0" }] }, /endpoint must be ADDRESS/],
  "a port that wg writes in another way": [
    { ...STATIC, gateways: [{ ...GATEWAY, endpoint: "198.51.100.5:051820" }] },
    /endpoint must be ADDRESS/,
  ],
  "one gateway twice": [
    { ...STATIC, gateways: [GATEWAY, { ...GATEWAY, endpoint: "198.51.100.6:51820" }] },
    /tunnel\.gateways has two with one publicKey or address/,
  ],
  "no gateway at all": [{ ...STATIC, gateways: [] }, /tunnel\.gateways/],
  "an unknown key of a gateway": [{ ...STATIC, gateways: [{ ...GATEWAY, name: "a" }] }, /Unrecognized key/],
  "a network with host bits": [{ ...STATIC, vpcCidrs: ["10.20.0.1/16"] }, /vpcCidrs\.0 must be an IPv4 network/],
  "an MTU below IPv6's least": [{ mtu: 1279 }, /tunnel\.mtu/],
  "a keepalive of never": [{ keepaliveSeconds: 0 }, /keepaliveSeconds/],
};

for (const [what, [tunnel, message]] of Object.entries(REFUSED)) {
  test(`${what} is refused`, () => {
    assert.match(refusals(tunnel).join("; "), message);
  });
}

test("an unknown key names the nearest one that is known", () => {
  assert.throws(() => sampleConfig("network: { tunnel: { gateway: [] } }"), {
    code: "config-invalid",
    hint: "Did you mean network.tunnel.gateways?",
  });
});

test("neither the image nor a zone of the cache can bring a line of their own into a file", () => {
  for (const wrong of [
    { dnsImage: "a\nb" },
    { dnsImage: "" },
    { dnsZones: ["a b"] },
    { dnsZones: ["."] },
    { dnsZones: ["A.b"] },
  ])
    assert.equal(networkSchema.safeParse({ dns: "cached", ...wrong }).success, false, JSON.stringify(wrong));
  assert.equal(networkSchema.safeParse({ dnsZones: Array(17).fill("corp.internal") }).success, false);
  assert.ok(
    networkSchema.safeParse({ dnsImage: "mirror:5000/coredns@sha256:00", dnsZones: ["corp.internal"] }).success,
  );
});
