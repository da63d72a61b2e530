// config.example.yaml, from the schema: its descriptions are the comments, its defaults the values. Run it to write the file again,
// and config.schema.json with it.
// `# ` begins a comment; `#` right before a key begins a line that may be uncommented.
import { writeFileSync } from "node:fs";
import { stringify } from "yaml";
import * as z from "zod";
import { configSchema } from "../agent/config/schema.ts";
import { unwrap } from "./docs/schema.ts";
import { renderConfigSchema } from "./render-config-schema.ts";

/** Values for keys that have no default to show, by path. `[]` in a path stands for an item of a list, `{}` for a named item. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  "cluster.name": "my-cluster",
  "cluster.region": "us-west-2",
  "node.name": "gpu-1",
  "node.ip": "192.0.2.10",
  "node.labels": { "example.com/rack": "r7" },
  "node.zone": "lambda-us-east-1",
  "node.taints[].key": "nvidia.com/gpu",
  "node.taints[].value": "present",
  "node.taints[].effect": "NoSchedule",
  "node.eni": "eni-0123456789abcdef0",
  "credentials.keysFile": "/etc/eks-satellite/aws-keys",
  "credentials.process": ["/usr/local/bin/print-credentials", "--json"],
  "credentials.rolesAnywhere.certificate": "/etc/eks-satellite/pki/node.crt",
  "credentials.rolesAnywhere.privateKey": "/etc/eks-satellite/pki/node.key",
  "credentials.rolesAnywhere.intermediates": "/etc/eks-satellite/pki/intermediates.crt",
  "credentials.rolesAnywhere.trustAnchorArn":
    "arn:aws:rolesanywhere:us-west-2:111122223333:trust-anchor/2a4d7c1e-0b6f-4f7e-9d57-0c6f0f1f6a11",
  "credentials.rolesAnywhere.profileArn":
    "arn:aws:rolesanywhere:us-west-2:111122223333:profile/7b1e3c52-98a4-4be0-8a4d-5d0f7f3c2b90",
  "credentials.rolesAnywhere.roleArn": "arn:aws:iam::111122223333:role/eks-satellite",
  "credentials.assumeRole.arn": "arn:aws:iam::111122223333:role/eks-satellite",
  "credentials.assumeRole.externalId": "gpu-lab",
  "kubelet.version": "1.34.4",
  "kubelet.upgradeWindow": "0 3 * * 0",
  "artifacts.manifestUrl": "https://mirror.example.com/eks/manifest.yaml",
  "kubelet.config": { systemReserved: { memory: "1Gi" } },
  "kubelet.flags": { v: 4 },
  "containerd.sandboxImage": "registry.k8s.io/pause:3.10",
  "containerd.registries{}": "docker.io",
  "containerd.registries{}.server": "https://registry-1.docker.io",
  "containerd.registries{}.ca": "/etc/ssl/certs/registry.pem",
  "containerd.registries{}.mirrors[].url": "https://mirror.example.com",
  "containerd.registries{}.mirrors[].ca": "/etc/ssl/certs/mirror.pem",
  "containerd.registries{}.mirrors[].clientCertificate": "/etc/eks-satellite/pki/mirror-client.crt",
  "containerd.registries{}.mirrors[].clientKey": "/etc/eks-satellite/pki/mirror-client.key",
  "containerd.registries{}.mirrors[].skipVerify": false,
  "containerd.registries{}.mirrors[].overridePath": false,
  "containerd.registries{}.mirrors[].resolve": true,
  "containerd.config": { oom_score: -999 },
  "gpu.xids": { 94: "ignore", 63: "warn" },
  "network.tunnel.address": "10.250.0.11",
  "network.tunnel.pods": ["10.250.16.0/24"],
  "network.tunnel.gateways[].publicKey": "hIA3ikjlSOAo0qqrI+rXaS3ZH04nX7Q2YQ4m2Vxv7wc=",
  "network.tunnel.gateways[].endpoint": "198.51.100.5:51820",
  "network.tunnel.gateways[].address": "10.20.1.5",
  "network.tunnel.vpcCidrs": ["10.20.0.0/16"],
  "network.tunnel.serviceCidr": "10.100.0.0/16",
  "network.dnsZones": ["corp.internal"],
  "aws.endpoints.sts": "https://vpce-1234.sts.us-west-2.vpce.amazonaws.com",
  "aws.endpoints.eks": "https://vpce-5678.eks.us-west-2.vpce.amazonaws.com",
};

/** Optional keys that the example uses, so that it is valid as it stands. */
const SHOWN_ACTIVE = ["credentials.keysFile", "credentials.assumeRole"];

const HEADER = `# yaml-language-server: $schema=config.schema.json
# eks-satellite: every key, with its default or, after a #, with an example.
# Required are cluster.name, cluster.region and one source of credentials; the file is /etc/eks-satellite/config.yaml.
`;

interface Place {
  /** E.g. `node.taints[].key`. */
  readonly path: string;
  readonly depth: number;
  readonly isActive: boolean;
}

/** Renders the whole example. @throws when a key has no description, or neither a default nor an example */
export function renderExample(): string {
  const sections = Object.entries(configSchema.shape).map(([key, schema]) =>
    renderKey(key, schema, { path: key, depth: 0, isActive: true }).join("\n"),
  );
  return `${[HEADER.trimEnd(), ...sections].join("\n\n")}\n`;
}

/** The lines of one key: its description, then its value. */
function renderKey(key: string, schema: z.core.$ZodType, { path, depth, isActive }: Place): string[] {
  const { inner, isOptional, defaultValue } = unwrap(schema);
  const indent = "  ".repeat(depth);
  const description = (schema as z.ZodType).description;
  if (description === undefined) throw new Error(`${path} has no description in the schema`);
  const isShownActive = isActive && (!isOptional || SHOWN_ACTIVE.includes(path));
  const comment = `${indent}# ${description}`;
  if (inner instanceof z.ZodObject) {
    const below = Object.entries(inner.shape).flatMap(([name, child]) =>
      renderKey(name, child, { path: `${path}.${name}`, depth: depth + 1, isActive: isShownActive }),
    );
    return [comment, `${indent}${isShownActive ? "" : "#"}${key}:`, ...below];
  }
  if (inner instanceof z.ZodArray && inner.element instanceof z.ZodObject) {
    return [`${comment} Default: none.`, `${indent}#${key}:`, ...renderItem(inner.element, path, depth + 1)];
  }
  if (inner instanceof z.ZodRecord && inner.valueType instanceof z.ZodObject) {
    const entry = `${path}{}`;
    const below = Object.entries(inner.valueType.shape).flatMap(([name, child]) =>
      renderKey(name, child, { path: `${entry}.${name}`, depth: depth + 2, isActive: false }),
    );
    return [`${comment} Default: none.`, `${indent}#${key}:`, `${indent}  #${EXAMPLES[entry]}:`, ...below];
  }
  const isEmpty = defaultValue !== undefined && Object.keys(Object(defaultValue)).length === 0;
  const isDefaultShown = defaultValue !== undefined && !(isEmpty && typeof defaultValue === "object");
  const value = isDefaultShown ? defaultValue : EXAMPLES[path];
  if (value === undefined) throw new Error(`${path} needs an example`);
  const mark = isShownActive && (isDefaultShown || defaultValue === undefined) ? "" : "#";
  const note = defaultValue !== undefined && !isDefaultShown ? " Default: none." : "";
  const text = stringify({ [key]: value }, { lineWidth: 0 })
    .trimEnd()
    .split("\n");
  return [`${comment}${note}`, ...text.map((line) => `${indent}${line.replace(/^( *)/, `$1${mark}`)}`)];
}

/** One commented item of a list: the dash stands before its first key. */
function renderItem(element: z.ZodObject, path: string, depth: number): string[] {
  const lines = Object.entries(element.shape).flatMap(([name, child]) => {
    const example = EXAMPLES[`${path}[].${name}`];
    return renderKey(name, child, { path: `${path}[].${name}`, depth: depth + 1, isActive: false }).map((line) =>
      line.replace(/^( *#\w+:).*/, `$1 ${stringify(example).trimEnd()}`),
    );
  });
  const first = lines.findIndex((line) => /^ *#\w/.test(line));
  return lines.map((line, index) => (index === first ? line.replace(/ {2}#(\w)/, "#- $1") : line));
}

if (import.meta.main) {
  writeFileSync(new URL("../config.example.yaml", import.meta.url), renderExample());
  writeFileSync(new URL("../config.schema.json", import.meta.url), renderConfigSchema());
}
