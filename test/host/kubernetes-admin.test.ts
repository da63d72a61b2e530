// Kubernetes' own client against a real server over TLS: with a token, and with users' kubeconfigs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createProxyServer } from "node:http";
import { createServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, type TestContext, test } from "node:test";
import { stringify } from "yaml";
import { type AdminKubernetes, createAdminKubernetes } from "../../agent/host/kubernetes-admin.ts";
import { codeOf, thrownError } from "../../agent/kubernetes/api-error.ts";
import { nodeErrorTexts } from "../../agent/kubernetes/node-error-texts.ts";
import { Secret } from "../../agent/secret.ts";
import { localhost, otherCa } from "../fakes/certificates.ts";
import { sampleCluster } from "../fakes/samples.ts";

const NAME = { namespace: "kube-system", name: "aws-auth" };
const CONFIG_MAP = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { ...NAME, resourceVersion: "7" },
  data: { mapRoles: "[]\n" },
};
const direct = () => undefined;

interface Asked {
  readonly line: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const folder = mkdtempSync(join(tmpdir(), "eks-satellite-kubeconfig-"));
after(() => rmSync(folder, { recursive: true }));

const asked: Asked[] = [];
let answer: { status: number; body: object } = { status: 200, body: CONFIG_MAP };
beforeEach(() => {
  asked.length = 0;
  answer = { status: 200, body: CONFIG_MAP };
});

async function serve(context: TestContext): Promise<string> {
  const server = createServer(localhost, async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(answer.body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

function byToken(endpoint: string, caPem = localhost.cert, proxyFor: (url: string) => string | undefined = direct) {
  const tokens = ["first", "second"];
  const mintToken = async () => new Secret(tokens.shift() ?? "last");
  return createAdminKubernetes({ kind: "token", name: "demo", endpoint, caPem, mintToken }, proxyFor);
}

/** Writes a kubeconfig with two contexts, of which `other` leads nowhere. */
function kubeconfig(server: string, user: object, cluster: object = {}): string {
  const file = join(folder, "config");
  const ca = Buffer.from(localhost.cert).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "demo", cluster: { server, "certificate-authority-data": ca, ...cluster } },
      { name: "nowhere", cluster: { server: "https://127.0.0.1:1" } },
    ],
    users: [{ name: "joe", user }],
    contexts: [
      { name: "demo", context: { cluster: "demo", user: "joe" } },
      { name: "other", context: { cluster: "nowhere", user: "joe" } },
    ],
    "current-context": "demo",
  };
  writeFileSync(file, stringify(config));
  return file;
}

test("with a token each request has a fresh one, and the version that was read goes with a merge patch", async (context) => {
  const api = byToken(await serve(context));
  const { metadata, data } = await api.readConfigMap(NAME);
  assert.deepEqual([metadata.resourceVersion, data], ["7", { mapRoles: "[]\n" }]);
  await api.patchConfigMap(NAME, "7", { mapRoles: "x" });
  await api.createConfigMap(NAME, { mapUsers: "y" });
  assert.deepEqual(
    asked.map(({ line }) => line.replace(/\?.*/, "")),
    [
      "GET /api/v1/namespaces/kube-system/configmaps/aws-auth",
      "PATCH /api/v1/namespaces/kube-system/configmaps/aws-auth",
      "POST /api/v1/namespaces/kube-system/configmaps",
    ],
  );
  const [get, patch, post] = asked;
  assert.deepEqual([get?.headers.authorization, patch?.headers.authorization], ["Bearer first", "Bearer second"]);
  assert.equal(patch?.headers["content-type"], "application/merge-patch+json");
  assert.deepEqual(JSON.parse(patch?.body ?? ""), { metadata: { resourceVersion: "7" }, data: { mapRoles: "x" } });
  assert.deepEqual(JSON.parse(post?.body ?? ""), {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: NAME,
    data: { mapUsers: "y" },
  });
});

/** The code of what a call throws. */
async function codeOfRead(api: AdminKubernetes): Promise<string> {
  const thrown = await api.readConfigMap(NAME).then(
    () => assert.fail("it was answered"),
    (error: unknown) => error,
  );
  return thrownError(nodeErrorTexts(sampleCluster()), "get", thrown).code;
}

test("each refusal has the code of the one table, and the answer's own words", async (context) => {
  const api = byToken(await serve(context));
  for (const status of [401, 403, 409, 429, 503]) {
    answer = { status, body: { kind: "Status", message: `no: ${status}` } };
    assert.equal(await codeOfRead(api), codeOf({ request: "get", status, message: `no: ${status}` }));
  }
  answer = { status: 404, body: { kind: "Status", message: "not found" } };
  await assert.rejects(api.readConfigMap(NAME), { code: 404 });
  answer = { status: 403, body: { kind: "Status", message: 'User "joe" cannot get' } };
  const error = await api.readConfigMap(NAME).catch((thrown: unknown) => thrown);
  assert.match(thrownError(nodeErrorTexts(sampleCluster()), "get", error).message, /User "joe" cannot get$/);
});

test("another certificate authority and a server that is away are no answers", async (context) => {
  const endpoint = await serve(context);
  assert.equal(await codeOfRead(byToken(endpoint, otherCa)), "api-untrusted");
  assert.equal(await codeOfRead(byToken("https://127.0.0.1:1")), "api-unreachable");
  assert.deepEqual(asked, []);
});

test("a kubeconfig's exec plugin is asked once for several requests", async (context) => {
  const server = await serve(context);
  const count = join(folder, "count");
  const credential = {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token: "by-exec" },
  };
  const script = `echo x >> ${count}; echo '${JSON.stringify(credential)}'`;
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "/bin/sh",
    args: ["-c", script],
    interactiveMode: "Never",
  };
  const api = createAdminKubernetes({ kind: "kubeconfig", file: kubeconfig(server, { exec }) }, direct);
  assert.equal(api.server, server);
  await api.readConfigMap(NAME);
  await api.readConfigMap(NAME);
  assert.deepEqual(
    asked.map(({ headers }) => headers.authorization),
    ["Bearer by-exec", "Bearer by-exec"],
  );
  assert.equal(readFileSync(count, "utf8"), "x\n");
});

test("an exec plugin that fails is no silence of the API server", async (context) => {
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "/bin/sh",
    args: ["-c", "echo expired >&2; exit 1"],
  };
  const file = kubeconfig(await serve(context), { exec });
  const api = createAdminKubernetes({ kind: "kubeconfig", file }, direct);
  await assert.rejects(api.readConfigMap(NAME), { name: "KubeconfigError", message: /expired/ });
});

test("another context is another cluster; one that is not there, and a file that is not there, cannot be used", async (context) => {
  const file = kubeconfig(await serve(context), { token: "t" });
  assert.equal(
    createAdminKubernetes({ kind: "kubeconfig", file, context: "other" }, direct).server,
    "https://127.0.0.1:1",
  );
  assert.throws(() => createAdminKubernetes({ kind: "kubeconfig", file, context: "none" }, direct), /no context none/);
  assert.throws(() => createAdminKubernetes({ kind: "kubeconfig", file: join(folder, "none") }, direct), /ENOENT/);
});

/** A proxy that opens tunnels, and notes to where. */
async function proxy(context: TestContext) {
  const tunnels: string[] = [];
  const server = createProxyServer().on("connect", (request, socket) => {
    tunnels.push(request.url ?? "");
    const [, port = ""] = request.url?.split(":") ?? [];
    const target = connect(Number(port), "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    for (const [from, to] of [
      [target, socket],
      [socket, target],
    ] as const) {
      from.on("error", () => to.destroy());
      from.on("close", () => to.destroy());
    }
    target.pipe(socket).pipe(target);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { tunnels, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("a proxy of the environment is used, and a kubeconfig's own goes before it", async (context) => {
  const server = await serve(context);
  const [ours, theirs] = [await proxy(context), await proxy(context)];
  const { host } = new URL(server);
  await byToken(server, localhost.cert, () => ours.url).readConfigMap(NAME);
  assert.deepEqual([ours.tunnels, theirs.tunnels], [[host], []]);
  const file = kubeconfig(server, { token: "t" }, { "proxy-url": theirs.url });
  await createAdminKubernetes({ kind: "kubeconfig", file }, () => ours.url).readConfigMap(NAME);
  assert.deepEqual([ours.tunnels, theirs.tunnels], [[host], [host]]);
});

test("any request is sent with the token, and its refusal has status and text", async (context) => {
  const api = byToken(await serve(context));
  answer = { status: 200, body: { items: [] } };
  assert.equal(await api.send({ method: "GET", path: "/api/v1/pods?limit=1" }), '{"items":[]}');
  const content = { type: "application/json-patch+json", document: [{ op: "remove", path: "/spec" }] };
  await api.send({ method: "PATCH", path: "/api/v1/nodes/gpu-1", content });
  assert.deepEqual(
    asked.map(({ line, headers }) => [line, headers.authorization]),
    [
      ["GET /api/v1/pods?limit=1", "Bearer first"],
      ["PATCH /api/v1/nodes/gpu-1", "Bearer second"],
    ],
  );
  assert.deepEqual(
    [asked[1]?.headers["content-type"], asked[1]?.body],
    [content.type, JSON.stringify(content.document)],
  );
  answer = { status: 409, body: { message: "conflict" } };
  await assert.rejects(api.send({ method: "DELETE", path: "/api/v1/nodes/gpu-1" }), { code: 409, body: /conflict/ });
});
