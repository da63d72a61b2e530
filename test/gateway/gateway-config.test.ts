import assert from "node:assert/strict";
import { test } from "node:test";
import { loadGatewayConfig, readGatewayIdentity } from "../../agent/gateway/gateway-config.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const FILE = "/etc/eks-satellite/gateway.yaml";
const CLUSTER = "cluster: { name: demo, region: us-west-2 }\n";

function load(text: string) {
  const host = new MemoryHost();
  host.files.put(FILE, text);
  return loadGatewayConfig(host, FILE);
}

test("a cluster is enough, and the rest has defaults", async () => {
  const config = await load(CLUSTER);
  assert.deepEqual(
    { ...config, log: undefined },
    {
      cluster: { name: "demo", region: "us-west-2" },
      userspace: "never",
      mtu: 1420,
      keyRotationDays: 30,
      allow: [],
      aws: { endpoints: {} },
      log: undefined,
      stateFolder: "/var/lib/eks-satellite-gateway",
      runFolder: "/run/eks-satellite-gateway",
    },
  );
});

test("a mistake is named with its line, its key and what to do", async () => {
  await assert.rejects(load(`${CLUSTER}adress: 10.20.1.5\n`), {
    code: "config-invalid",
    message: `${FILE}:2: unknown key adress`,
    hint: "Did you mean address?",
  });
  await assert.rejects(load(`${CLUSTER}allow:\n  - cidr: 10.20.0.1/16\n`), {
    message: `${FILE}:3: allow.0.cidr: must be an IPv4 network such as 10.250.0.0/24, without host bits`,
    hint: /docs\/reference\/gateway\.md/,
  });
  for (const [key, value] of Object.entries({
    name: "GW_1",
    endpoint: "198.51.100.5",
    address: "10.20.1.256",
    userspace: "yes",
    mtu: "1000",
    allow: "[{ cidr: 10.20.0.0/16, port: 0 }]",
    stateFolder: "/var/lib",
  }))
    await assert.rejects(load(`${CLUSTER}${key}: ${value}\n`), { code: "config-invalid" }, key);
  await assert.rejects(load("cluster: { name: demo }\n"), { message: /cluster\.region: is missing/ });
  await assert.rejects(load("cluster: [\n"), { code: "config-syntax" });
  await assert.rejects(loadGatewayConfig(new MemoryHost(), FILE), { code: "config-missing" });
});

test("what the file does not say, the metadata service does", async () => {
  const values = new Map([
    ["meta-data/instance-id", "i-1"],
    ["meta-data/public-ipv4", "198.51.100.5"],
    ["meta-data/local-ipv4", "10.20.1.5"],
  ]);
  const metadata = { read: async (path: string) => values.get(path) };
  assert.deepEqual(await readGatewayIdentity(await load(CLUSTER), metadata), {
    name: "i-1",
    endpoint: "198.51.100.5:51820",
    address: "10.20.1.5",
  });
  const said = `${CLUSTER}name: gw-1\nendpoint: gw.example.com:443\naddress: 10.20.1.6\n`;
  const silent = { read: () => Promise.reject(new Error("it is not asked")) };
  assert.deepEqual(await readGatewayIdentity(await load(said), silent), {
    name: "gw-1",
    endpoint: "gw.example.com:443",
    address: "10.20.1.6",
  });
  values.delete("meta-data/public-ipv4");
  await assert.rejects(readGatewayIdentity(await load(CLUSTER), metadata), {
    code: "metadata-missing",
    hint: /Elastic IP/,
  });
});
