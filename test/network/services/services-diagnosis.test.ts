import assert from "node:assert/strict";
import { test } from "node:test";
import { diagnoseClusterDns, diagnoseServices } from "../../../agent/network/services/services-diagnosis.ts";
import type { ServicesObservation } from "../../../agent/network/services/services-reader.ts";
import { workingServices } from "./samples.ts";

type Row = readonly [what: string, changes: Partial<ServicesObservation>, outcome: string, says: RegExp];

const ABSENT = { kubeProxy: { kind: "absent" } } as const;
const SERVICES: readonly Row[] = [
  ["rules are fresh and the Service answers", {}, "True Answers", /answers at its Service 10\.100\.0\.1/],
  ["kube-proxy is away, and its rules are still there", ABSENT, "False KubeProxyMissing", /earlier one still answer/],
  [
    "kube-proxy never came",
    { ...ABSENT, service: "silent" },
    "False KubeProxyMissing",
    /port 10256.*add-on kube-proxy/,
  ],
  [
    "EKS brings none to a fargate identity",
    { ...ABSENT, identity: "fargate", service: "silent" },
    "False KubeProxyMissing",
    /authorize --identity fargate --kube-proxy/,
  ],
  ["a CNI plugin of the user's programs Services", { ...ABSENT, cni: "none" }, "True Answers", /CNI plugin/],
  [
    "a CNI plugin of the user's does not",
    { ...ABSENT, cni: "none", service: "silent" },
    "False KubeProxyMissing",
    /10256/,
  ],
  [
    "kube-proxy cannot write its rules",
    { kubeProxy: { kind: "stale", updatedAtMs: Date.UTC(2026, 0, 1) } },
    "False RulesStale",
    /since 2026-01-01T00:00:00\.000Z.*spec\.nodeName=gpu-1/,
  ],
  [
    "kube-proxy has never written any",
    { kubeProxy: { kind: "stale", updatedAtMs: undefined } },
    "False RulesStale",
    /rules:/,
  ],
  [
    "the kernel chooses the source before the Service is translated",
    { service: "silent", route: { device: "eth0", source: "192.168.1.5" } },
    "False ServiceRouteMissing",
    /eth0 from 192\.168\.1\.5.*route replace 10\.100\.0\.0\/16 dev DEVICE src 10\.250\.0\.11/,
  ],
  [
    "the route is right and nothing answers",
    { service: "silent", route: { device: "es0", source: "10.250.0.11" } },
    "False ServiceSilent",
    /leave from 10\.250\.0\.11/,
  ],
  [
    "the node's own address is not known, so no route is the wrong one",
    { service: "silent", address: undefined, route: { device: "eth0", source: "192.168.1.5" } },
    "False ServiceSilent",
    /leave from 192\.168\.1\.5/,
  ],
  ["there is no route at all", { service: "silent" }, "False ServiceSilent", /from no address/],
  ["the Service has no endpoint", { service: "refused" }, "False ServiceRefused", /no endpoint/],
  ["another network has the address", { service: "foreign" }, "False ServiceForeign", /certificate/],
];

for (const [what, changes, outcome, says] of SERVICES)
  test(`Services: ${what}`, () => {
    const { status, reason, message, hint = "" } = diagnoseServices(workingServices(changes));
    assert.equal(`${status} ${reason}`, outcome);
    assert.match(`${message} → ${hint}`, says);
  });

const DNS: readonly Row[] = [
  ["it knows the API server's Service", {}, "True Answers", /10\.100\.0\.10 knows kubernetes\.default/],
  ["it refuses", { dns: { kind: "refused" } }, "False CoreDnsAway", /no pod of it is ready.*public ones included/],
  [
    "it refuses a cache",
    { dns: { kind: "refused" }, isCached: true },
    "False CoreDnsAway",
    /from the cache on this machine/,
  ],
  ["it is silent", { dns: { kind: "silent" } }, "False DnsTimeout", /security groups/],
  ["it knows no such name", { dns: { kind: "unknown" } }, "False ClusterNameUnknown", /configmap coredns/],
  [
    "another cluster's answers",
    { dns: { kind: "answered", addresses: ["172.20.0.1"] } },
    "False ClusterNameWrong",
    /is 172\.20\.0\.1, not 10\.100\.0\.1/,
  ],
  [
    "Services do not work either",
    { dns: { kind: "silent" }, service: "silent" },
    "Unknown ServicesNotWorking",
    /ServicesWorking/,
  ],
  ["old rules still lead to it", ABSENT, "True Answers", /knows/],
];

for (const [what, changes, outcome, says] of DNS)
  test(`cluster DNS: ${what}`, () => {
    const { status, reason, message, hint = "" } = diagnoseClusterDns(workingServices(changes));
    assert.equal(`${status} ${reason}`, outcome);
    assert.match(`${message} → ${hint}`, says);
  });
