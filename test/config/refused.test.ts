// Configurations that are refused, each by the key that is wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../agent/config/load.ts";
import { FARGATE_CONFIG, FARGATE_NAME, MINIMAL_CONFIG } from "../fakes/samples.ts";

const FILE = "/etc/eks-satellite/config.yaml";
const parse = (text: string) => parseConfig(text, FILE, "gpu-1");

const REFUSED: Readonly<Record<string, readonly [yaml: string, message: RegExp]>> = {
  "no source of credentials": [
    "cluster: { name: demo, region: us-west-2 }\ncredentials: {}",
    /credentials: needs exactly one source of keysFile, profile, process, rolesAnywhere; it has none$/,
  ],
  "two sources of credentials": [
    "cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /k, process: [a] }",
    /credentials: needs exactly one source of .*; it has keysFile and process$/,
  ],
  "a node name that the cloud controller mistakes for its own": [
    `${MINIMAL_CONFIG}\nnode: { name: i-0123 }`,
    /node\.name: must not begin with i- or fargate-/,
  ],
  "a fargate name under hybrid": [
    `${MINIMAL_CONFIG}\nnode: { name: ${FARGATE_NAME} }`,
    /node\.name: must not begin with .*needs node\.identity fargate/,
  ],
  "a network interface under hybrid": [
    `${MINIMAL_CONFIG}\nnode: { eni: eni-086d663f3201384e3 }`,
    /config\.yaml:7: node\.eni: belongs to node\.identity fargate/,
  ],
  "fargate without a name, for which the host name is no default": [
    FARGATE_CONFIG.replace(`, name: ${FARGATE_NAME}`, ""),
    /node\.name: is missing: eks-satellite node-name/,
  ],
  "fargate without a network interface": [
    FARGATE_CONFIG.replace("eni: eni-086d663f3201384e3, ", ""),
    /node\.eni: is missing/,
  ],
  "a fargate name of another region": [
    FARGATE_CONFIG.replace("27.us-west-2", "27.us-east-2"),
    /node\.name: must be fargate-ip-A-B-C-D\.us-west-2\.compute\.internal with node\.identity fargate in us-west-2/,
  ],
  "a network interface that is none": [FARGATE_CONFIG.replace("eni-0", "eni-x"), /node\.eni: must be the id of/],
  "an identity that is none": [`${MINIMAL_CONFIG}\nnode: { identity: ec2 }`, /node\.identity/],
  "a node name in upper case": [`${MINIMAL_CONFIG}\nnode: { name: GPU }`, /node\.name: must be lower-case/],
  "a node name of 64 characters": [`${MINIMAL_CONFIG}\nnode: { name: ${"a".repeat(64)} }`, /node\.name/],
  "an address that is none": [`${MINIMAL_CONFIG}\nnode: { ip: 10.0.0.256 }`, /node\.ip/],
  "a label that Kubernetes would refuse": [`${MINIMAL_CONFIG}\nnode: { labels: { a: "b c" } }`, /node\.labels\.a/],
  "a taint without an effect": [`${MINIMAL_CONFIG}\nnode: { taints: [{ key: a }] }`, /node\.taints\.0\.effect/],
  "a taint for faults of GPUs, which no node may set": [
    `${MINIMAL_CONFIG}\ngpu: { onFatal: taint }`,
    /gpu\.onFatal: cannot be taint: the cluster's NodeRestriction/,
  ],
  "a region that is a zone": ["cluster: { name: demo, region: us-west-2a }\ncredentials: { keysFile: /k }", /region/],
  "a cluster name with a slash": [
    "cluster: { name: a/b, region: us-west-2 }\ncredentials: { keysFile: /k }",
    /cluster\.name: must be an EKS cluster name \(it is "a\/b"\)/,
  ],
  "an ARN of a user": [
    'cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /k, assumeRole: { arn: "arn:aws:iam::111122223333:user/a" } }',
    /credentials\.assumeRole\.arn: must be the ARN of a role/,
  ],
  "session keys that live longer than AWS allows": [
    'cluster: { name: demo, region: us-west-2 }\ncredentials: { keysFile: /k, assumeRole: { arn: "arn:aws:iam::111122223333:role/a", durationSeconds: 43201 } }',
    /durationSeconds/,
  ],
  "a relative path": [`${MINIMAL_CONFIG}\nkubelet: { path: kubelet }`, /kubelet\.path: must be an absolute path/],
  "an endpoint without TLS": [`${MINIMAL_CONFIG}\naws: { endpoints: { sts: "http://sts" } }`, /aws\.endpoints\.sts/],
  "a flag with its dashes": [`${MINIMAL_CONFIG}\nkubelet: { flags: { --v: 4 } }`, /without dashes in front/],
  "a drift check less often than once a minute": [
    `${MINIMAL_CONFIG}\nintervals: { convergeSeconds: 61 }`,
    /convergeSeconds/,
  ],
};

for (const [what, [yaml, message]] of Object.entries(REFUSED)) {
  test(`${what} is refused`, () => {
    assert.throws(() => parse(yaml), { code: "config-invalid", message });
  });
}
