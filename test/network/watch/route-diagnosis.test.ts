import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnoseRoute } from "../../../agent/network/watch/route-diagnosis.ts";
import type { RouteObservation } from "../../../agent/network/watch/watched-tunnel.ts";
import { GATEWAY_PROBLEM_CODES } from "../../../agent/tunnel/health.ts";
import { openRoute, sampleHealth } from "./samples.ts";

const you = { address: "10.250.0.11", node: "gpu-1" };
const silentHere = [{ address: "10.20.1.10", fromGateway: "ok", fromHere: "silent" }] as const;
const problem = (code: string) => sampleHealth({ problems: [{ code, message: `${code}: rtb-1 has no route` }] });

const TABLE: readonly (readonly [string, Partial<RouteObservation>, outcome: string, says: RegExp])[] = [
  ["both ends answer", {}, "True Reachable", /10\.20\.1\.10, and the gateway reaches 10\.250\.0\.11:10250/],
  ["no gateway answers", { health: undefined, apiServers: [] }, "Unknown NotAsked", /TunnelUp/],
  [
    "the cluster does not know the node's network, which is known without a packet",
    { health: undefined, remoteNetworkProblem: { message: "is outside", hint: "aws eks update-cluster-config" } },
    "False RemoteNetworkMissing",
    /is outside/,
  ],
  [
    "the API server is silent here, and the gateway may not look at AWS",
    { apiServers: silentHere },
    "False ApiServerSilent",
    /the way back to 10\.250\.0\.11 is missing/,
  ],
  [
    "the API server is silent there, too",
    { apiServers: [{ address: "10.20.1.10", fromGateway: "silent", fromHere: "silent" }] },
    "False ApiServerSilent",
    /neither does it answer the gateway/,
  ],
  [
    "one of two addresses is silent here",
    { apiServers: [{ address: "10.20.2.10", fromGateway: "ok", fromHere: "ok" }, ...silentHere] },
    "False ApiServerSilent",
    /10\.20\.1\.10 does not answer/,
  ],
  [
    "a foreign certificate answers",
    { apiServers: [{ address: "10.20.1.10", fromGateway: "ok", fromHere: "foreign" }] },
    "False ApiServerForeign",
    /no certificate of the cluster's CA/,
  ],
  [
    "silent, and the gateway has a problem that explains nothing",
    { apiServers: silentHere, health: problem("iam-denied") },
    "False ApiServerSilent",
    /does not answer/,
  ],
  [
    "the gateway does not reach kubelet",
    { health: sampleHealth({ you: { ...you, kubelet: "silent" } }) },
    "False KubeletUnreachable",
    /firewall of this machine/,
  ],
  [
    "kubelet does not listen",
    { health: sampleHealth({ you: { ...you, kubelet: "refused" } }) },
    "False KubeletUnreachable",
    /does not listen/,
  ],
  ["kubelet's port is not tried yet", { health: sampleHealth({ you }) }, "Unknown NotProven", /not tried/],
  ["the gateway names no API server", { apiServers: [] }, "Unknown NotProven", /names no API server/],
  [
    "an address outside the VPC is not tried",
    { apiServers: [{ address: "192.0.2.1", fromGateway: "ok", fromHere: undefined }] },
    "Unknown NotProven",
    /names no API server/,
  ],
  [
    "all answer, and the gateway sees something missing",
    { health: problem("vpc-route-missing") },
    "True Reachable",
    /also says: vpc-route-missing: rtb-1/,
  ],
];

for (const [name, changes, outcome, says] of TABLE)
  test(`${name}: ${outcome}`, () => {
    const { status, reason, message, hint } = diagnoseRoute(openRoute(changes));
    assert.equal(`${status} ${reason}`, outcome);
    assert.match(message, says);
    assert.equal(hint !== undefined, status === "False");
  });

test("what the gateway sees in AWS is the reason when the API server is silent, with the command that has the remedy", () => {
  const reasons = GATEWAY_PROBLEM_CODES.map((code) => {
    const report = diagnoseRoute(openRoute({ apiServers: silentHere, health: problem(code) }));
    assert.match(report.message, /rtb-1 has no route/);
    assert.match(report.hint ?? "", /eks-satellite gateway check --cluster demo --region us-west-2 --node-name gpu-1$/);
    return report.reason;
  });
  assert.deepEqual(reasons, [
    ...["RemoteNetworkMissing", "VpcRouteMissing", "VpcRouteMissing", "VpcRouteMissing"],
    ...["SecurityGroupClosed", "SecurityGroupClosed", "SourceDestCheckOn"],
  ]);
});

test("a gateway's words cannot forge a line or flood the journal", () => {
  const health = sampleHealth({
    problems: [{ code: "vpc-route-missing", message: `\u001b[31m\n${"x".repeat(1000)}` }],
  });
  const { message } = diagnoseRoute(openRoute({ apiServers: silentHere, health }));
  assert.ok(message.length < 400);
  assert.doesNotMatch(message, /\p{Cc}/u);
});

test("a code that is a property of every object explains nothing", () => {
  const health = problem("constructor");
  assert.equal(diagnoseRoute(openRoute({ apiServers: silentHere, health })).reason, "ApiServerSilent");
});
