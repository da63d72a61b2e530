import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpRequest } from "../../agent/host/host.ts";
import { clusterCa } from "../fakes/certificates.ts";
import {
  CONFIG_FILE,
  ECR,
  ECR_PASSWORD,
  ECR_PROVIDER,
  ECR_RESPONSE,
  SESSION_FILE,
  setUpCheck,
} from "../fakes/check-machine.ts";
import { MINIMAL_CONFIG } from "../fakes/samples.ts";

interface Machine {
  readonly provider?: { readonly exitCode?: number; readonly stdout?: string; readonly stderr?: string };
  readonly more?: string;
  /** Status of each registry by host, or an error's code. */
  readonly registries?: Readonly<Record<string, number | string>>;
}

/** A machine whose provider answers this, and registries that answer that. */
function setUp({ provider = { stdout: ECR_RESPONSE }, more = "", registries = {} }: Machine = {}) {
  const setup = setUpCheck();
  const { host } = setup;
  host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}\n${more}`);
  const requests: string[] = [];
  host.install("/bin/sh", (args) => {
    requests.push(args.at(-1) ?? "");
    return provider;
  });
  const asked: HttpRequest[] = [];
  const others = host.onFetch;
  host.onFetch = (request) => {
    const answer = registries[new URL(request.url).host] ?? (new URL(request.url).host === ECR ? 200 : undefined);
    if (answer === undefined) return others(request);
    asked.push(request);
    if (typeof answer === "string") throw Object.assign(new Error(answer), { code: answer });
    return { status: answer, body: "" };
  };
  return { ...setup, asked, requests, look: () => setup.find("image-pulls") };
}

test("ECR of the node's own account accepts the provider's credentials, and they are not shown", async () => {
  const { look, asked, requests } = setUp();
  const finding = await look();
  assert.equal(finding.outcome, "ok");
  assert.equal(finding.evidence, `${ECR} takes the credentials of ecr-credential-provider`);
  assert.equal(JSON.parse(requests[0] ?? "").image, `${ECR}/any`);
  assert.equal(asked[0]?.headers?.authorization, `Basic ${Buffer.from(`AWS:${ECR_PASSWORD}`).toString("base64")}`);
  assert.doesNotMatch(JSON.stringify(finding), new RegExp(ECR_PASSWORD));
});

test("a provider that is refused is a warning with the actions to allow, and the principal", async () => {
  const denied = "User: arn:x is not authorized to perform: ecr:GetAuthorizationToken on resource: *";
  const { outcome, evidence, remedy } = await setUp({ provider: { exitCode: 1, stderr: `I0101\n${denied}\n` } }).look();
  assert.equal(outcome, "warn");
  assert.ok(evidence.endsWith(denied));
  assert.match(remedy ?? "", /Allow ecr:GetAuthorizationToken.* to arn:aws:sts::111122223333:assumed-role/);
});

test("an unexpected answer of the provider or of ECR is a warning", async () => {
  for (const stdout of ["", "<html>", "{}", '{"auth":{}}'])
    assert.match((await setUp({ provider: { stdout } }).look()).evidence, /gives nothing for/);
  assert.match((await setUp({ registries: { [ECR]: 403 } }).look()).evidence, /answers 403/);
  const gone = await setUp({ registries: { [ECR]: "ENOTFOUND" } }).look();
  assert.deepEqual([gone.outcome, gone.evidence], ["warn", `${ECR} does not answer (dns)`]);
});

test("a missing provider is a warning; missing keys and an unknown account are unknown", async () => {
  const bare = setUp();
  bare.host.files.drop(ECR_PROVIDER);
  assert.equal((await bare.look()).outcome, "warn");
  const early = setUp();
  early.host.files.drop(SESSION_FILE);
  assert.equal((await early.look()).outcome, "unknown");
});

const REGISTRIES = `containerd:
  registries:
    docker.io:
      mirrors:
        - { url: "https://mirror.example.com", ca: /etc/mirror.pem }
        - { url: "https://harbor.example.com/v2/hub", overridePath: true }
        - { url: "https://blind.example.com", skipVerify: true }
    _default: {}
`;
const WELL = { "mirror.example.com": 401, "harbor.example.com": 200, "registry-1.docker.io": 401 };

test("every configured server is asked for its API, with its certificate authority", async () => {
  const { look, host, asked } = setUp({ more: REGISTRIES, registries: WELL });
  host.files.put("/etc/mirror.pem", clusterCa);
  const { outcome, evidence } = await look();
  assert.equal(outcome, "unknown", evidence); // One server is not asked.
  assert.match(evidence, /blind\.example\.com\/v2\/ has skipVerify, and is not asked/);
  assert.deepEqual(
    asked
      .map(({ url }) => url)
      .filter((url) => !url.includes(ECR))
      .toSorted(),
    ["https://harbor.example.com/v2/hub", "https://mirror.example.com/v2/", "https://registry-1.docker.io/v2/"],
  );
  assert.ok(asked.find(({ url }) => url.includes("mirror"))?.caPem?.startsWith(clusterCa));
});

test("the worst comes first: a missing file, then a server that does not answer as a registry", async () => {
  const { look } = setUp({ more: REGISTRIES, registries: { ...WELL, "harbor.example.com": 404 } });
  const { outcome, evidence, remedy } = await look();
  assert.equal(outcome, "fail");
  assert.match(evidence, /^docker\.io: there is no \/etc\/mirror\.pem; docker\.io: .*harbor.* answers 404; /);
  assert.match(remedy ?? "", /Put the certificate authority/);
  const cut = { ...WELL, "registry-1.docker.io": "SELF_SIGNED_CERT_IN_CHAIN" };
  const other = setUp({ more: REGISTRIES, registries: cut });
  other.host.files.put("/etc/mirror.pem", clusterCa);
  assert.match(
    (await other.look()).evidence,
    /^docker\.io: https:\/\/registry-1\.docker\.io\/v2\/ does not answer \(certificate\)/,
  );
});

test("mirrors in containerd's older form, which disable the registries' files, are a failure", async () => {
  const { look, host } = setUp({ more: "containerd: { registries: { docker.io: {} } }", registries: WELL });
  host.files.put(
    "/etc/containerd/config.toml",
    'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m"]\n',
  );
  const { outcome, evidence } = await look();
  assert.equal(outcome, "fail");
  assert.match(evidence, /^\/etc\/containerd\/config\.toml has mirrors\."docker\.io"/);
});

test("a service that has a problem of its own is not taken for missing rights, nor is a missing network", async () => {
  const stderrs = [
    [
      "operation error ECR: GetAuthorizationToken, https response error StatusCode: 503, RequestID: x, api error",
      /Health/,
    ],
    ["https response error StatusCode: 400, RequestID: x, ThrottlingException: Rate exceeded", /Health/],
    [
      "request send failed, dial tcp: lookup api.ecr.us-west-2.amazonaws.com: no such host",
      /network.*api\.ecr\.us-west-2/,
    ],
  ] as const;
  for (const [stderr, remedy] of stderrs)
    assert.match((await setUp({ provider: { exitCode: 1, stderr } }).look()).remedy ?? "", remedy, stderr);
  for (const status of [429, 500, 503]) {
    const { outcome, remedy } = await setUp({ registries: { [ECR]: status } }).look();
    assert.equal(outcome, "warn");
    assert.match(remedy ?? "", /The service itself has a problem.*Health Dashboard/);
  }
  const more = "containerd: { registries: { docker.io: { server: https://other.example } } }";
  const other = await setUp({ more, registries: { "other.example": 502 } }).look();
  assert.match(other.remedy ?? "", /registry itself has a problem/);
});

test("a provider that another user could replace is not run", async () => {
  const { host, look, requests } = setUp();
  host.files.put(ECR_PROVIDER, "", { mode: 0o755, uid: 1000 });
  const { outcome, evidence } = await look();
  assert.equal(outcome, "fail");
  assert.match(evidence, /belongs to user 1000/);
  assert.deepEqual(requests, []);
});
