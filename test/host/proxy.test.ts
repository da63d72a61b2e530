// Requests by way of a proxy that runs on the loopback interface.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createAws } from "../../agent/host/aws.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { honourProxies, proxyEnvironment, proxyFor } from "../../agent/host/proxy.ts";
import { Secret } from "../../agent/secret.ts";

const host = createLinuxHost();
const asked: string[] = [];
/** Answers what is asked in the clear, and opens no tunnel. */
const proxy = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  response.end(`of ${request.url}`);
}).on("connect", (request, socket) => {
  asked.push(`CONNECT ${request.url}`);
  socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
});
let address: string;
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "eks-satellite-proxy-"));
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  Object.assign(process.env, { HTTPS_PROXY: address, http_proxy: address, NO_PROXY: "direct.example.com" });
  honourProxies(process.env);
});
after(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await rm(folder, { recursive: true });
});

test("downloads and requests use the proxy, over TLS through a tunnel", async () => {
  asked.length = 0;
  const path = join(folder, "kubelet.part");
  await host.download({ url: "http://mirror.example.com/kubelet", path, silenceSeconds: 5 });
  assert.equal(await readFile(path, "utf8"), "of http://mirror.example.com/kubelet");
  const manifest = { url: "https://mirror.example.com/manifest.yaml", timeoutSeconds: 5 };
  await assert.rejects(host.fetch(manifest), { code: "http-failed" });
  assert.deepEqual(asked, ["GET http://mirror.example.com/kubelet", "CONNECT mirror.example.com:443"]);
});

test("calls to AWS use it too", async () => {
  asked.length = 0;
  const keys = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: new Secret("S") };
  await assert.rejects(createAws("us-west-2", {}).describeCluster(keys, "demo"));
  assert.equal(asked[0], "CONNECT eks.us-west-2.amazonaws.com:443");
});

test("requests to this machine itself, such as kubelet's health, bypass it", async () => {
  asked.length = 0;
  assert.equal((await host.fetch({ url: `${address}/healthz`, timeoutSeconds: 5 })).body, "of /healthz");
  assert.deepEqual(asked, ["GET /healthz"], "a proxy would have been asked for the whole address");
});

test("the variables are those of curl, a lower-case name first; an invalid URL is reported without its password", () => {
  assert.deepEqual(
    proxyEnvironment({ HTTPS_PROXY: "http://one:1", https_proxy: "http://two:2", HTTP_PROXY: "", no_proxy: "a,b" }),
    { HTTPS_PROXY: "http://two:2", NO_PROXY: "a,b,localhost,127.0.0.1,::1" },
  );
  assert.throws(() => proxyEnvironment({ HTTPS_PROXY: "me:secret@proxy:3128" }), {
    code: "proxy-invalid",
    message: "HTTPS_PROXY is not the URL of a proxy, and is ignored",
    hint: /\/etc\/eks-satellite\/environment/,
  });
});

test("the proxy for a URL follows NO_PROXY: a name, a domain, a port, or all", () => {
  const of = (url: string, NO_PROXY?: string) =>
    proxyFor(url, { HTTPS_PROXY: "http://p:3128", ...(NO_PROXY === undefined ? {} : { NO_PROXY }) });
  assert.equal(of("https://api.example.com"), "http://p:3128");
  assert.equal(of("http://api.example.com"), undefined, "there is none for requests in the clear");
  for (const exception of [
    "*",
    "api.example.com",
    ".example.com",
    "*.example.com",
    "api.example.com:443",
    "a, API.example.com",
  ])
    assert.equal(of("https://api.example.com/x", exception), undefined, exception);
  for (const exception of ["example.com", "pi.example.com", "api.example.com:6443", "", ".api.example.com"])
    assert.equal(of("https://api.example.com/x", exception), "http://p:3128", exception);
  assert.equal(proxyFor("https://api.example.com", undefined), address, "by default the environment's");
});
