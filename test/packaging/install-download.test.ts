// How packaging/install.sh gets a release: what it does about servers that fail, and that nothing is touched before the checksum.
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import {
  CERTIFICATE,
  install,
  mirror,
  publishedSum,
  refused,
  SIGNATURE,
  SUMS,
  startRedirector,
  TARBALL,
} from "./install-fresh.ts";
import { Machine } from "./install-machine.ts";
import { NEW, OLD, tarballName } from "./install-mirror.ts";

const cutOff: RequestListener = (_, response) => {
  response.writeHead(200, { "content-length": "1000000" });
  response.write("half of it", () => response.destroy());
};
const page: RequestListener = (_, response) => void response.end("<html>Welcome to the hotel</html>\n");

test("a missing release is reported with the step, the URL and a hint, and is requested once", async () => {
  const { stderr } = await refused(["--version", "7.7.7"]);
  const url = `${mirror.url}/download/v7.7.7/SHA256SUMS`;
  assert.ok(
    stderr.startsWith(`ERROR install.sh: downloading SHA256SUMS: the server answered 404\n  URL: ${url}\n  → `),
    stderr,
  );
  assert.match(stderr, /linux-amd64: --version, --from, EKS_SATELLITE_BASE_URL$/);
  assert.deepEqual(mirror.requests, ["/download/v7.7.7/SHA256SUMS"]);
});

test("a wrong checksum leaves everything untouched, and both sums are reported", async () => {
  mirror.faults.set(TARBALL, page);
  const { stderr } = await refused();
  assert.match(
    stderr,
    /verifying eks-satellite-1\.0\.0-linux-amd64\.tar\.gz: its SHA-256 is [0-9a-f]{64}, and must be [0-9a-f]{64}; nothing was changed\n {2}URL: /,
  );
});

test("a download that is cut off each time is given up after four tries", async () => {
  mirror.faults.set(TARBALL, cutOff);
  const { stderr } = await refused();
  assert.match(stderr, /downloading eks-satellite-1\.0\.0-linux-amd64\.tar\.gz: exit code 18, curl: .*\n {2}URL: /);
  assert.equal(mirror.requests.filter((path) => path === TARBALL).length, 4);
});

test("a download that stalls is given up", async () => {
  mirror.faults.set(SUMS, () => undefined);
  const { stderr } = await refused();
  assert.match(stderr, /downloading SHA256SUMS: exit code 28, curl: .*\n {2}URL: .*\n {2}→ behind a proxy: /);
});

test("a page in place of the checksums is reported with its first line", async () => {
  mirror.faults.set(SUMS, page);
  const { stderr } = await refused();
  assert.match(
    stderr,
    /SHA256SUMS has no checksum of eks-satellite-1.* its first line is: <html>Welcome to the hotel<\/html>/,
  );
});

test("checksums and a latest version without an end are given up at once, and fill no disk", async () => {
  const endless: RequestListener = (_, response) => void response.end(Buffer.alloc(5 * 1024 * 1024, "x"));
  for (const [path, args] of [
    [SUMS, undefined],
    [SIGNATURE, undefined],
    ["/latest", []],
  ] as const) {
    mirror.requests.length = 0;
    mirror.faults.set(path, endless);
    const { stderr } = await refused(args);
    assert.match(stderr, /: it is larger than 4 MB\n {2}URL: .*\n {2}→ a release is not: /);
    assert.equal(mirror.requests.filter((each) => each === path).length, 1);
    mirror.faults.clear();
  }
  const machine = await Machine.create();
  machine.hide("curl");
  mirror.faults.set(SUMS, endless);
  assert.match((await install(machine)).stderr, /downloading SHA256SUMS: it is larger than 4 MB\n/);
});

test("a page in place of the latest version is reported", async () => {
  mirror.faults.set("/latest", page);
  const { stderr } = await refused([]);
  assert.match(
    stderr,
    /finding the latest version: this does not lead to a version, but to .*\/latest\n {2}URL: .*\/latest\n {2}→ .*--version/,
  );
});

test("a server that fails for a moment is asked again", async () => {
  const machine = await Machine.create();
  mirror.faults.set(SUMS, (_, response) => {
    mirror.faults.clear();
    response.writeHead(503).end();
  });
  mirror.faults.set(TARBALL, cutOff);
  const { exitCode } = await install(machine);
  assert.equal(exitCode, 0);
  assert.deepEqual(mirror.requests, [SUMS, SUMS, SIGNATURE, TARBALL]);
});

test("wget does the same where there is no curl: redirects, hanging servers, retries and errors", async () => {
  const machine = await Machine.create();
  machine.hide("curl");
  const sums = `/download/v${NEW}/SHA256SUMS`;
  mirror.faults.set(sums, () => mirror.faults.delete(sums));
  const tarball = `/download/v${NEW}/${tarballName(NEW)}`;
  mirror.faults.set(tarball, (request, response) => {
    mirror.faults.delete(tarball);
    cutOff(request, response);
  });
  const { exitCode, stderr } = await install(machine, []);
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.deepEqual(mirror.requests, ["/latest", `/tag/v${NEW}`, sums, sums, `${sums}.sig`, tarball, tarball]);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.1\.0/);
  const missing = await install(machine, ["--version", "7.7.7"]);
  assert.match(missing.stderr, /downloading SHA256SUMS: the server answered 404\n {2}URL: /);
  mirror.faults.set(SUMS, cutOff);
  assert.match((await install(machine)).stderr, /downloading SHA256SUMS: exit code 4, .*\n {2}URL: /);
});

test("checksums and the latest version are not taken over http, unless a sum came another way", async () => {
  const environment = { EKS_SATELLITE_ALLOW_HTTP: "" };
  for (const args of [[], ["--version", OLD], ["--from", `${mirror.url}${TARBALL}`]]) {
    const { stderr } = await refused(args, { environment });
    assert.match(
      stderr,
      /http is not trusted for it: .*\n {2}URL: http:.*\n {2}→ https, or --version VERSION with --sha256 SUM/,
    );
  }
  assert.deepEqual(mirror.requests, []);
  const sum = publishedSum();
  const machine = await Machine.create();
  const { exitCode, stderr } = await install(machine, ["--version", OLD, "--sha256", sum], { environment });
  assert.deepEqual([exitCode, stderr], [0, ""]);
  assert.deepEqual(mirror.requests, [TARBALL]);
});

test("wget follows no redirect out of TLS, none without an end, and one that is relative", async (context) => {
  const address = await startRedirector(context);
  const machine = await Machine.create();
  machine.hide("curl");
  machine.command("wget", 'exec /usr/bin/wget --no-check-certificate "$@"');
  for (const args of [undefined, []]) {
    const left = await install(machine, args, { environment: { EKS_SATELLITE_BASE_URL: address } });
    assert.match(left.stderr, /wget: the redirect to http:.* is not followed/);
  }
  assert.deepEqual(mirror.requests, []);
  mirror.faults.set(SUMS, (_, response) => void response.writeHead(302, { location: "SHA256SUMS" }).end());
  assert.match((await install(machine)).stderr, /more than 5 redirects/);
  assert.equal(mirror.requests.length, 4 * 6);
});

test("neither curl nor wget takes TLS older than 1.2, and both take 1.3", async (context) => {
  // What such a server needs to speak it at all.
  const ciphers = "DEFAULT:@SECLEVEL=0";
  for (const [version, says] of [
    ["TLSv1.1", /exit code (4|35), /],
    ["TLSv1.3", /redirect|not supported or disabled/],
  ] as const) {
    const address = await startRedirector(context, { minVersion: version, maxVersion: version, ciphers });
    const environment = { EKS_SATELLITE_BASE_URL: address, CURL_CA_BUNDLE: CERTIFICATE };
    assert.match((await refused(undefined, { environment })).stderr, says);
    const machine = await Machine.create();
    machine.hide("curl");
    machine.command("wget", 'exec /usr/bin/wget --no-check-certificate "$@"');
    assert.match((await install(machine, undefined, { environment })).stderr, says);
  }
  assert.deepEqual(mirror.requests, []);
});

test("a machine with neither curl nor wget gets a hint to install one", async () => {
  const machine = await Machine.create();
  machine.hide("curl", "wget");
  const { exitCode, stderr } = await install(machine);
  assert.equal(exitCode, 1);
  assert.match(stderr, /there is neither curl nor wget\n.*\n {2}→ apt-get install curl$/);
});

test("aarch64 takes the release for arm64", async () => {
  const machine = await Machine.create();
  machine.command("uname", "echo aarch64");
  assert.equal((await install(machine)).exitCode, 0);
  assert.deepEqual(mirror.requests, [SUMS, SIGNATURE, `/download/v${OLD}/${tarballName(OLD, "arm64")}`]);
});

test("a mirror may have the latest version in a file", async () => {
  mirror.faults.set("/latest", (_, response) => void response.end(`v${OLD}\n`));
  const machine = await Machine.create();
  assert.equal((await install(machine, [])).exitCode, 0);
  assert.match(machine.read("opt/eks-satellite/bin/node"), /1\.0\.0/);
});

test("the proxy that is given is used, and its password is not shown", async () => {
  // The mirror serves as a proxy: the request's line has the whole address then.
  const proxy = mirror.url.replace("http://", "http://user:word@");
  const environment = { http_proxy: proxy, EKS_SATELLITE_BASE_URL: "http://releases.invalid/x" };
  const { stdout, stderr } = await refused(undefined, { environment });
  assert.deepEqual(mirror.requests, [`http://releases.invalid/x${SUMS}`]);
  assert.doesNotMatch(stdout + stderr, /user:word/);
});

test("an untrusted certificate is reported with what a proxy that inspects TLS needs, and no redirect leads out of TLS", async (context) => {
  const address = await startRedirector(context);
  const environment = { EKS_SATELLITE_BASE_URL: address };
  const untrusted = await refused(undefined, { environment });
  assert.match(
    untrusted.stderr,
    /exit code 60, curl: .*\n {2}URL: https:.*\n {2}→ .*update-ca-certificates.*NODE_EXTRA_CA_CERTS/,
  );
  const trusted = { ...environment, CURL_CA_BUNDLE: CERTIFICATE };
  for (const args of [undefined, []]) {
    const redirected = await refused(args, { environment: trusted });
    assert.match(redirected.stderr, /exit code 1, curl: .*http.*\n {2}URL: https:/);
  }
  assert.deepEqual(mirror.requests, []);
});
