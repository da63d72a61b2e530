// What the cluster's grants mean to a real API server: to nodes, to gateways, and to those who are neither.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterView } from "../../agent/gateway/cluster-view.ts";
import { EntryPublisher } from "../../agent/gateway/entry-publisher.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { type ApiClient, MERGE_PATCH, METADATA, METADATA_LIST } from "../../agent/kubernetes/api-client.ts";
import { readGatewayMap, renderNodeEntry } from "../../agent/tunnel/entries.ts";
import { PUBLIC_KEY_ANNOTATION } from "../../agent/tunnel/names.ts";
import { rbacPath, TUNNEL_RBAC } from "../../agent/tunnel/rbac.ts";
import { createMemoryLog } from "../fakes/memory-log.ts";
import { ADVERTISED, ApiServer, findApiServer } from "./real/api-server.ts";

const programs = findApiServer();
const skip = typeof programs === "string" ? programs : false;
const CONFIG_MAPS = "/api/v1/namespaces/kube-system/configmaps";
const MAPS = ["eks-satellite-network", "eks-satellite-gateways"] as const;
const SLICES = (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
const KEY = Buffer.alloc(32, 1).toString("base64");

/** Whether a request is allowed: admission's refusals are others. */
const isForbidden = (request: Promise<unknown>) => assert.rejects(request, { code: "api-forbidden" });

describe("the grants of the tunnel, by a real API server", { skip, concurrency: 1 }, () => {
  const server = new ApiServer({
    gpu1: ["system:node:gpu-1", "system:nodes"],
    gateway: ["arn:aws:sts::111122223333:assumed-role/gateway/i-1", "eks-satellite:gateways"],
    nobody: ["nobody"],
  });
  let admin: ApiClient;
  before(async () => {
    if (typeof programs === "string") return;
    await server.start(programs);
    admin = server.as("admin");
    for (const object of TUNNEL_RBAC) await admin.post(rbacPath(object), object);
    for (const name of [...MAPS, "other"])
      await admin.post(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: {} });
    for (const name of ["gpu-1", "gpu-2"])
      await admin.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name } });
  });
  after(() => server.stop());

  for (const user of ["gpu1", "gateway"])
    test(`${user} reads both ConfigMaps: by name, by a list of one, and by a watch`, async () => {
      const client = server.as(user);
      for (const name of MAPS) {
        await client.get(`${CONFIG_MAPS}/${name}`);
        const query = new URLSearchParams({ fieldSelector: `metadata.name=${name}`, limit: "250" });
        const { items, metadata } = await client.get<List>(`${CONFIG_MAPS}?${query}`);
        assert.equal(items.length, 1);
        const change = () => admin.patch(`${CONFIG_MAPS}/${name}`, MERGE_PATCH, { data: { seen: user } });
        const { resourceVersion } = metadata;
        query.set("watch", "true");
        query.set("resourceVersion", resourceVersion);
        assert.equal(await firstOfWatch(client, `${CONFIG_MAPS}?${query}`, change), "MODIFIED");
      }
      await isForbidden(client.get(CONFIG_MAPS));
      await isForbidden(client.get(`${CONFIG_MAPS}/other`));
      await isForbidden(client.get("/api/v1/namespaces/kube-system/secrets"));
    });

  test("a node writes neither of them", async () => {
    const node = server.as("gpu1");
    for (const name of MAPS) {
      await isForbidden(node.patch(`${CONFIG_MAPS}/${name}`, MERGE_PATCH, { data: { "gpu-1": "{}" } }));
      await isForbidden(node.delete(`${CONFIG_MAPS}/${name}`));
    }
    await isForbidden(node.post(CONFIG_MAPS, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: MAPS[0] } }));
  });

  test("a gateway writes its own ConfigMap, and neither addresses nor Nodes", async () => {
    const gateway = server.as("gateway");
    await gateway.patch(`${CONFIG_MAPS}/${MAPS[1]}`, MERGE_PATCH, { data: { "i-1": "{}" } });
    await isForbidden(gateway.patch(`${CONFIG_MAPS}/${MAPS[0]}`, MERGE_PATCH, { data: { "gpu-1": "{}" } }));
    await isForbidden(gateway.delete(`${CONFIG_MAPS}/${MAPS[1]}`));
    const annotations = { [PUBLIC_KEY_ANNOTATION]: KEY };
    await isForbidden(gateway.patch("/api/v1/nodes/gpu-1", MERGE_PATCH, { metadata: { annotations } }));
    await isForbidden(gateway.delete("/api/v1/nodes/gpu-1"));
    await isForbidden(gateway.get("/api/v1/pods"));
  });

  test("a gateway reads the Nodes' metadata alone, and the slices of two namespaces", async () => {
    const gateway = server.as("gateway");
    const { items, metadata } = await gateway.get<List>("/api/v1/nodes?limit=250", METADATA_LIST);
    assert.deepEqual([items.length, items.some(({ spec }) => spec !== undefined)], [2, false]);
    const labels = { seen: "yes" };
    const change = () => admin.patch("/api/v1/nodes/gpu-1", MERGE_PATCH, { metadata: { labels } });
    const path = `/api/v1/nodes?watch=true&resourceVersion=${metadata.resourceVersion}`;
    assert.equal(await firstOfWatch(gateway, path, change, METADATA), "MODIFIED");
    await gateway.get(SLICES("default"));
    await gateway.get(SLICES("kube-system"));
    await isForbidden(gateway.get(SLICES("kube-public")));
  });

  test("a node says its own key, and no other node's: NodeRestriction refuses that", async () => {
    const node = server.as("gpu1");
    const patch = { metadata: { annotations: { [PUBLIC_KEY_ANNOTATION]: KEY } } };
    await node.patch("/api/v1/nodes/gpu-1", MERGE_PATCH, patch);
    await assert.rejects(node.patch("/api/v1/nodes/gpu-2", MERGE_PATCH, patch), {
      code: /^api-(?:denied|forbidden)$/,
      message: /node "gpu-1" is not allowed to modify node "gpu-2"/,
    });
    const { metadata } = await admin.get<{ readonly metadata: { readonly annotations?: object } }>(
      "/api/v1/nodes/gpu-2",
    );
    assert.equal(metadata.annotations, undefined);
  });

  test("who is neither a node nor a gateway is granted nothing", async () => {
    const nobody = server.as("nobody");
    for (const name of MAPS) await isForbidden(nobody.get(`${CONFIG_MAPS}/${name}`));
    await isForbidden(nobody.get("/api/v1/nodes"));
    await isForbidden(nobody.get(SLICES("default")));
  });

  test("a gateway follows the real collections: pages, changes, deletions, and where the API server is", async (context) => {
    const nodes = Array.from({ length: 260 }, (_, index) => `many-${index}`);
    const annotations = { [PUBLIC_KEY_ANNOTATION]: KEY };
    for (const name of nodes)
      await admin.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name, annotations } });
    const { log, lines } = createMemoryLog();
    const stop = new AbortController();
    context.after(() => stop.abort());
    let changes = 0;
    const onChange = () => {
      changes += 1;
    };
    const sink = { onAnswer: () => undefined, onFailure: (error: unknown) => assert.fail(String(error)) };
    const api = () => server.as("gateway");
    const view = new ClusterView({ host: createLinuxHost(), log, api, onChange, report: { of: () => sink } });
    void view.run(stop.signal);
    await until(() => view.isKnown && view.annotations.size === nodes.length + 1);
    await until(() => view.data.seen === "gateway");
    await admin.delete("/api/v1/nodes/many-0");
    const data = renderNodeEntry("gpu-1", { address: "10.250.0.11", pods: [] });
    await admin.patch(`${CONFIG_MAPS}/${MAPS[0]}`, MERGE_PATCH, { data });
    await until(() => view.annotations.size === nodes.length && view.map().nodes.has("gpu-1"));
    const before = changes;
    await admin.patch("/api/v1/nodes/many-1", MERGE_PATCH, { metadata: { labels: { other: "yes" } } });
    await admin.delete(`${CONFIG_MAPS}/${MAPS[0]}`);
    await until(() => Object.keys(view.data).length === 0);
    assert.equal(changes, before + 1, "a Node whose key is the same is no change");
    // The API server writes its own endpoint some seconds after its start.
    for (let tries = 0; tries < 100 && view.services.apiServers.length === 0; tries += 1) {
      await view.servicesRound();
      await sleep(200);
    }
    const [apiServer] = view.services.apiServers;
    assert.deepEqual([apiServer?.address, apiServer?.protocol], [ADVERTISED, "tcp"]);
    assert.deepEqual(
      lines.filter(({ level }) => level === "warn" || level === "error"),
      [],
    );
  });

  test("two gateways publish side by side, and neither touches the other's entry", async () => {
    const entry = {
      publicKey: KEY,
      endpoint: "198.51.100.5:51820",
      address: "10.20.1.5",
      mtu: 1420,
      since: "2026-11-28T22:00:00Z",
      peers: {},
    };
    const { clock } = createLinuxHost();
    const [one, other] = [new EntryPublisher(clock), new EntryPublisher(clock)];
    const client = server.as("gateway");
    await Promise.all([one.publish(client, "one", entry), other.publish(client, "other", entry)]);
    assert.equal(await one.publish(client, "one", entry), "not asked");
    assert.equal(await one.publish(client, "one", { ...entry, mtu: 1328 }), "written");
    const { data } = await admin.get<{ readonly data: Record<string, string> }>(`${CONFIG_MAPS}/${MAPS[1]}`);
    const { gateways } = readGatewayMap(data);
    assert.deepEqual([gateways.get("one")?.mtu, gateways.get("other")?.mtu], [1328, 1420]);
  });
});

interface List {
  readonly items: readonly { readonly spec?: unknown }[];
  readonly metadata: { readonly resourceVersion: string };
}

async function until(isTrue: () => boolean): Promise<void> {
  const endMs = Date.now() + 20_000;
  while (!isTrue()) {
    assert.ok(Date.now() < endMs, `not within 20 s: ${isTrue}`);
    await sleep(50);
  }
}

/** The type of the first event of a watch, after a change. */
async function firstOfWatch(client: ApiClient, path: string, change: () => Promise<void>, accept?: string) {
  const stop = new AbortController();
  const late = setTimeout(() => stop.abort(), 10_000);
  let first: string | undefined;
  const onEvent = ({ type }: { readonly type: string }) => {
    first ??= type;
    stop.abort();
  };
  await Promise.all([client.watch(path, onEvent, stop.signal, accept), change()]);
  clearTimeout(late);
  return first;
}
