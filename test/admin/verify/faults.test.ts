// Each fault of a node or its cluster has a code, a hint, and rows that are not tried because of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { apiError } from "../../fakes/memory-kubernetes.ts";
import { type MemoryVerify, WELL } from "../../fakes/memory-verify.ts";
import { notRunning, setUpVerify } from "../../fakes/verified-node.ts";

/** A fault → the rows that say so; all others are well, or were not tried. */
const FAULTS: readonly (readonly [string, (cluster: MemoryVerify) => void, readonly string[], RegExp])[] = [
  [
    "kubelet's port is closed to the control plane",
    ({ faults }) =>
      faults.set("askNode", apiError(503, "error trying to reach service: dial tcp 10.250.0.2:10250: i/o timeout")),
    ["kubelet kubelet-unreachable", "logs skip", "exec skip", "port-forward skip"],
    /eks-satellite gateway check --cluster demo --region us-west-2 --node-name gpu-1/,
  ],
  [
    "the API server waits for kubelet in vain",
    ({ faults }) => faults.set("askNode", "silent"),
    ["kubelet kubelet-unreachable", "logs skip", "exec skip", "port-forward skip"],
    /ControlPlaneRoute/,
  ],
  [
    "kubelet's certificate is not signed",
    ({ faults }) =>
      faults.set("askNode", apiError(503, "error trying to reach service: remote error: tls: internal error")),
    ["kubelet serving-certificate-unsigned", "logs skip", "exec skip", "port-forward skip"],
    /ServingCertificateSigned/,
  ],
  [
    "the user may not ask kubelet",
    ({ faults }) =>
      faults.set("askNode", apiError(403, 'nodes "gpu-1" is forbidden: User "joe" cannot get resource "nodes/proxy"')),
    ["kubelet api-forbidden", "logs skip", "exec skip", "port-forward skip"],
    /administrator/,
  ],
  [
    "the image cannot be pulled",
    (cluster) => {
      cluster.status = notRunning("ErrImagePull", "dial tcp: lookup public.ecr.aws: no such host");
    },
    [
      "pod image-unavailable",
      ...["logs", "exec", "port-forward", "dns", "cluster-ip", "service", "node-port"].map((name) => `${name} skip`),
    ],
    /--image IMAGE/,
  ],
  [
    "pods on the host's network are not allowed",
    ({ faults }) =>
      faults.set("createPod", apiError(403, 'pods "x" is forbidden: violates PodSecurity "restricted:latest"')),
    [
      "pod api-denied",
      ...["logs", "exec", "port-forward", "dns", "cluster-ip", "service", "node-port"].map((name) => `${name} skip`),
    ],
    /--namespace kube-system/,
  ],
  ["exec alone fails", ({ faults }) => faults.set("exec", apiError(500, "no runtime")), ["exec api-failed"], /kubectl/],
  [
    "cluster DNS is silent",
    (cluster) => {
      cluster.report = WELL.replace("dns yes\n", "dns no\n;; connection timed out; no servers could be reached\n");
    },
    ["dns dns-timeout"],
    /ClusterDnsWorking/,
  ],
  [
    "no pod of cluster DNS is ready",
    (cluster) => {
      cluster.report = WELL.replace(
        "dns yes\n",
        "dns no\nnslookup: write to '10.100.0.10': Connection refused\n;; connection timed out; no servers could be reached\n",
      );
    },
    ["dns core-dns-away"],
    /k8s-app=kube-dns/,
  ],
  [
    "cluster DNS does not know the name",
    (cluster) => {
      cluster.report = WELL.replace(
        "dns yes\n",
        "dns no\nServer: 10.100.0.10\nAddress: 10.100.0.10:53\n** server can't find it: NXDOMAIN\n",
      );
    },
    ["dns cluster-name-unknown"],
    /ClusterDnsWorking/,
  ],
  [
    "the probe's time is over",
    (cluster) => {
      cluster.report = WELL.replace("dns yes", "dns late").replace("service yes", "service late");
    },
    ["dns dns-timeout", "service service-silent"],
    /./,
  ],
  [
    "there is no kube-proxy",
    (cluster) => {
      cluster.proxies = 0;
      cluster.report = WELL.replaceAll(/(cluster-ip|service|node-port) yes/g, "$1 no");
    },
    ["cluster-ip kube-proxy-missing", "service kube-proxy-missing", "node-port kube-proxy-missing"],
    /ServicesWorking/,
  ],
  [
    "kube-proxy knows no endpoint",
    (cluster) => {
      cluster.report = WELL.replace(
        "service yes\n",
        "service no\nwget: can't connect to remote host: Connection refused\n",
      );
    },
    ["service service-refused"],
    /ServicesWorking/,
  ],
];

for (const [what, change, expected, hint] of FAULTS)
  test(`when ${what}, ${expected[0]?.replace(" ", " is ")}`, async () => {
    const { kubernetes, finish, outcomes, rows } = setUpVerify(change);
    const { left } = await finish();
    assert.deepEqual(
      outcomes().filter((each) => !each.endsWith(" ok") && each !== "gpu skip"),
      expected,
    );
    assert.match(rows.find(({ outcome }) => outcome === "fail")?.hint ?? "", hint);
    assert.deepEqual([left, [...kubernetes.objects]], [[], []]);
  });
