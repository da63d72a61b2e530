// Requests by way of a proxy that runs on the loopback interface.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { SatelliteError } from "../../agent/errors.ts";
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

test("NO_PROXY is read as Go does, also by the requests themselves: a domain, a network, a port", async () => {
  asked.length = 0;
  const before = https.globalAgent;
  const HTTP_PROXY = address;
  honourProxies({ HTTP_PROXY, NO_PROXY: "example.com,192.0.2.0/24,other.example:8080" });
  for (const url of ["http://api.example.com/", "http://192.0.2.7/", "http://other.example:8080/"])
    await host.fetch({ url, timeoutSeconds: 0.3 }).catch(() => undefined); // No server listens; the proxy must not be asked.
  assert.deepEqual(asked, []);
  await host.fetch({ url: "http://other.example/", timeoutSeconds: 5 });
  assert.deepEqual(asked, ["GET http://other.example/"]);
  honourProxies({ HTTPS_PROXY: address, HTTP_PROXY: address });
  assert.notEqual(https.globalAgent, before);
});

test("the variables are read as Go does: capitals first, a proxy without a scheme", () => {
  assert.deepEqual(
    proxyEnvironment({ HTTPS_PROXY: "http://one:1", https_proxy: "http://two:2", HTTP_PROXY: "", no_proxy: "a,b" }),
    { HTTPS_PROXY: "http://one:1", NO_PROXY: "a,b" },
  );
  assert.equal(proxyEnvironment({ https_proxy: "joe:secret@proxy:3128" }).HTTPS_PROXY, "http://joe:secret@proxy:3128");
});

test("what is no proxy for HTTP is reported without its password", () => {
  for (const [value, code] of [
    ["http://joe:se/cret@proxy:3128", "proxy-invalid"],
    ["ftp://joe:secret@proxy", "proxy-invalid"],
    ["socks5://joe:secret@proxy:1080", "proxy-unsupported"],
  ] as const)
    assert.throws(
      () => proxyEnvironment({ HTTPS_PROXY: value }),
      (error: SatelliteError) => {
        assert.equal(error.code, code, value);
        assert.doesNotMatch(error.message, /cret/);
        assert.match(error.hint ?? "", /\/etc\/eks-satellite\/environment/);
        return true;
      },
    );
});

test("the proxy for a URL follows NO_PROXY: names and all below them, networks, ports, or all", () => {
  const of = (url: string, NO_PROXY?: string) =>
    proxyFor(url, { HTTPS_PROXY: "http://p:3128", ...(NO_PROXY === undefined ? {} : { NO_PROXY }) });
  assert.equal(of("https://api.example.com"), "http://p:3128");
  assert.equal(of("http://api.example.com"), undefined, "there is none for requests in the clear");
  for (const exception of [
    "*",
    "api.example.com",
    "example.com",
    ".example.com",
    "*.example.com",
    "a, API.example.com",
  ])
    assert.equal(of("https://api.example.com/x", exception), undefined, exception);
  for (const exception of ["pi.example.com", "api.example.com:6443", "", ".api.example.com", "api.example.com/x"])
    assert.equal(of("https://api.example.com/x", exception), "http://p:3128", exception);
  assert.equal(of("https://10.1.2.3", "10.0.0.0/8"), undefined);
  assert.equal(of("https://[2001:db8::1]:8443", "2001:db8::/32"), undefined);
  for (const url of ["https://localhost:1", "https://127.3.2.1", "https://[::1]:9"])
    assert.equal(of(url), undefined, url);
});
