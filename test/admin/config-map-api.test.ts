import assert from "node:assert/strict";
import { test } from "node:test";
import { createAwsAuthApi } from "../../agent/admin/config-map-api.ts";
import { createAskKubernetes } from "../../agent/admin/kubernetes-call.ts";
import { SatelliteError } from "../../agent/errors.ts";
import type { AdminKubernetes, ConfigMap } from "../../agent/host/kubernetes-admin.ts";
import { ADMIN_ARN } from "../fakes/memory-admin.ts";

const CLUSTER = { name: "demo", region: "us-west-2", endpoint: "https://abc" };
const EDIT = { key: "mapRoles", before: undefined, after: "[]\n" } as const;
const MAP: ConfigMap = { metadata: { resourceVersion: "7" }, data: { mapRoles: "" } };

/** What Kubernetes' client throws for an answer that is no success. */
const answered = (code: number, message: string) =>
  Object.assign(new Error(`HTTP-Code: ${code}`), { code, body: JSON.stringify({ kind: "Status", message }) });

function setUp(failure?: Error) {
  const calls: string[] = [];
  const answer = async (call: string) => {
    calls.push(call);
    if (failure !== undefined) throw failure;
  };
  const client: Pick<AdminKubernetes, "server" | "readConfigMap" | "createConfigMap" | "patchConfigMap"> = {
    server: "https://tunnel:8443",
    readConfigMap: async ({ namespace, name }) => {
      await answer(`read ${namespace}/${name}`);
      return MAP;
    },
    createConfigMap: (_, data) => answer(`create ${JSON.stringify(data)}`),
    patchConfigMap: (_, version, data) => answer(`patch ${version} ${JSON.stringify(data)}`),
  };
  let connections = 0;
  const connect = async () => {
    connections += 1;
    return client as AdminKubernetes;
  };
  const api = createAwsAuthApi(createAskKubernetes({ cluster: CLUSTER, caller: ADMIN_ARN, connect }));
  return { api, calls, connections: () => connections };
}

test("the client is loaded with the first call, not before", async () => {
  const { api, connections } = setUp();
  assert.equal(connections(), 0);
  assert.deepEqual(await api.read(), MAP);
  assert.equal(connections(), 1);
});

test("a missing ConfigMap is undefined and is created; an existing one is patched in the version that was read", async () => {
  assert.equal(await setUp(answered(404, "not found")).api.read(), undefined);
  const { api, calls } = setUp();
  await api.write(EDIT, undefined);
  await api.write(EDIT, MAP);
  assert.deepEqual(calls, ['create {"mapRoles":"[]\\n"}', 'patch 7 {"mapRoles":"[]\\n"}']);
});

test("a conflict of a write has a code of its own", async () => {
  const { api } = setUp(answered(409, "the object has been modified"));
  await assert.rejects(api.write(EDIT, MAP), { code: "aws-auth-conflict", message: /the object has been modified/ });
});

test("each refusal names the verb and the caller", async () => {
  await assert.rejects(setUp(answered(401, "Unauthorized")).api.read(), {
    code: "api-unauthorized",
    message: `cluster demo does not know ${ADMIN_ARN}`,
  });
  await assert.rejects(setUp(answered(403, "cannot patch")).api.write(EDIT, MAP), {
    code: "api-forbidden",
    message: `patch of configmap aws-auth in namespace kube-system was denied to ${ADMIN_ARN}: cannot patch`,
  });
  await assert.rejects(setUp(answered(500, "etcd")).api.read(), {
    code: "api-failed",
    message: /was answered 500: etcd/,
  });
});

test("no answer names the address that was asked, which may be a tunnel's", async () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  await assert.rejects(setUp(refused).api.read(), {
    code: "api-unreachable",
    message: "the API server https://tunnel:8443 does not answer",
  });
});

test("a kubeconfig that fails, and missing keys, are not taken for an API server that does not answer", async () => {
  const plugin = Object.assign(new Error("exec plugin failed"), { name: "KubeconfigError" });
  await assert.rejects(setUp(plugin).api.read(), {
    code: "kubeconfig-unusable",
    hint: /kubectl get configmap aws-auth --namespace kube-system\.$/,
  });
  const missing = new SatelliteError("credentials-missing", "there are no AWS credentials");
  await assert.rejects(setUp(missing).api.read(), missing);
});
