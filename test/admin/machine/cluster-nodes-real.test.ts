// Nodes as a real API server lists them to Kubernetes' own client: pages, and a refusal.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createAskKubernetes } from "../../../agent/admin/kubernetes-call.ts";
import { readClusterNodes } from "../../../agent/admin/machine/cluster-nodes.ts";
import { createAdminKubernetes } from "../../../agent/host/kubernetes-admin.ts";
import { Secret } from "../../../agent/secret.ts";
import { ApiServer, findApiServer } from "../../gateway/real/api-server.ts";

const programs = findApiServer();
const skip = typeof programs === "string" ? programs : false;
const ARN = "arn:aws:eks:us-west-2:111122223333:cluster/real";
/** More than one page, which has 200. */
const COUNT = 205;

describe("the Nodes of a real API server", { skip, concurrency: 1 }, () => {
  const server = new ApiServer({ nobody: ["nobody"] });
  before(async () => {
    if (typeof programs === "string") return;
    await server.start(programs);
    const admin = server.as("admin");
    const labels = { "eks.amazonaws.com/compute-type": "hybrid" };
    for (let number = 0; number < COUNT; number += 1) {
      const metadata = { name: `gpu-${number}`, ...(number % 2 === 0 ? { labels } : {}) };
      await admin.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata });
    }
  });
  after(() => server.stop());

  const read = (user: string) => {
    const { name, region, endpoint, caPem } = server.facts();
    const mintToken = async () => new Secret(`token-${user}`);
    const access = { kind: "token", name, endpoint, caPem, mintToken } as const;
    const connect = async () => createAdminKubernetes(access, () => undefined);
    const askKubernetes = createAskKubernetes({ cluster: { name, region, endpoint }, caller: user, connect });
    return readClusterNodes({ arn: ARN, askKubernetes });
  };

  test("all of them come, each once, over more than one page", async () => {
    const { nodes } = await read("admin");
    assert.equal(new Set(nodes.map(({ name }) => name)).size, COUNT);
    assert.equal(nodes.length, COUNT);
    assert.equal(nodes.filter(({ isSatellite }) => isSatellite).length, (COUNT + 1) / 2);
    assert.ok(nodes.every(({ isReady, isCordoned }) => !isReady && !isCordoned));
  });

  test("a user who may not list them is named, with what was asked", async () => {
    await assert.rejects(read("nobody"), { code: "api-forbidden", message: /list of nodes was denied to nobody/ });
  });
});
