// nodeadm's NodeConfig (node.eks.aws/v1alpha1) as keys of our configuration, and what of it has no place there, each with the reason.
import { parse as parseToml } from "smol-toml";
import { OWNED_KUBELET_FLAGS, OWNED_KUBELET_KEYS } from "../../config/kubelet-schema.ts";
import { isLabelKey, isOwnNodeLabel } from "../../config/label-key.ts";
import { parseYaml } from "../../config/load.ts";
import { describe, SatelliteError } from "../../errors.ts";

/** A key of our configuration with its value. */
export type Setting = readonly [path: readonly string[], value: unknown];

export interface Left {
  /** E.g. `spec.hybrid.ssm.activationCode`. */
  readonly key: string;
  readonly why: string;
}

export interface Translation {
  readonly settings: readonly Setting[];
  readonly left: readonly Left[];
}

type Table = Readonly<Record<string, unknown>>;

/** What nodeadm takes where a path is left out. */
const CERTIFICATE = "/etc/iam/pki/server.pem";
const PRIVATE_KEY = "/etc/iam/pki/server.key";

const OURS = "eks-satellite computes this itself";
const FROM_CLUSTER = "eks-satellite asks DescribeCluster for it";

/** Reasons by key, for what is left out whatever it holds. */
const LEFT: Readonly<Record<string, string>> = {
  "spec.cluster.apiServerEndpoint": FROM_CLUSTER,
  "spec.cluster.certificateAuthority": FROM_CLUSTER,
  "spec.cluster.cidr": FROM_CLUSTER,
  "spec.cluster.id": FROM_CLUSTER,
  "spec.cluster.enableOutpost": "it concerns EC2 on Outposts",
  "spec.hybrid.enableCredentialsFile":
    "eks-satellite keeps no file at /eks-hybrid/.aws/credentials for the Pod Identity agent",
  "spec.hybrid.ssm.activationCode":
    "an activation registers a machine once, and is a secret: SSM's agent must be registered already",
  "spec.hybrid.ssm.activationId":
    "set node.name to the managed instance's id, mi-…, after which SSM names its sessions",
  "spec.hybrid.iamRolesAnywhere.awsConfigPath":
    "eks-satellite asks the helper itself, and needs no AWS configuration file",
  "spec.containerd.baseRuntimeSpec":
    "eks-satellite leaves the base runtime specification to containerd's own configuration",
  "spec.instance": "it concerns EC2 instances",
  "spec.featureGates": "they are nodeadm's own",
};

/** Translates the text of a NodeConfig. @throws config-syntax, nodeconfig-invalid */
export function translateNodeConfig(text: string, file: string): Translation {
  const document = toTable(parseYaml(text, file).document.toJS());
  if (document.kind !== "NodeConfig" || !String(document.apiVersion).startsWith("node.eks.aws/"))
    throw new SatelliteError(
      "nodeconfig-invalid",
      `${file} is no NodeConfig of nodeadm: its kind is ${String(document.kind).slice(0, 50)}`,
      {
        hint: "It begins with apiVersion: node.eks.aws/v1alpha1 and kind: NodeConfig.",
      },
    );
  const { cluster, hybrid, kubelet, containerd, ...others } = toTable(document.spec);
  const parts = [
    ...[translateCluster(toTable(cluster)), translateHybrid(toTable(hybrid)), translateKubelet(toTable(kubelet))],
    ...[translateContainerd(toTable(containerd), file), leave("spec", others)],
  ];
  return { settings: parts.flatMap(({ settings }) => settings), left: parts.flatMap(({ left }) => left) };
}

function translateCluster({ name, region, ...others }: Table): Translation {
  return join(
    { settings: given([["cluster", "name"], name], [["cluster", "region"], region]), left: [] },
    leave("spec.cluster", others),
  );
}

function translateHybrid({ iamRolesAnywhere, ssm, ...others }: Table): Translation {
  const rest = leave("spec.hybrid", others);
  if (iamRolesAnywhere !== undefined) return join(translateRolesAnywhere(toTable(iamRolesAnywhere)), rest);
  if (ssm === undefined) return rest;
  const profile: Setting = [["credentials", "profile"], { file: "/root/.aws/credentials", name: "default" }];
  return join({ settings: [profile], left: leave("spec.hybrid.ssm", toTable(ssm)).left }, rest);
}

function translateRolesAnywhere(table: Table): Translation {
  const { nodeName, trustAnchorArn, profileArn, roleArn, certificatePath, privateKeyPath, ...others } = table;
  const at = (key: string) => ["credentials", "rolesAnywhere", key];
  const settings = given(
    [["node", "name"], nodeName],
    [at("trustAnchorArn"), trustAnchorArn],
    [at("profileArn"), profileArn],
    [at("roleArn"), roleArn],
    [at("certificate"), certificatePath ?? CERTIFICATE],
    [at("privateKey"), privateKeyPath ?? PRIVATE_KEY],
  );
  return join({ settings, left: [] }, leave("spec.hybrid.iamRolesAnywhere", others));
}

function translateKubelet({ config, flags, ...others }: Table): Translation {
  const parts = [
    ...Object.entries(toTable(config)).map(([key, value]) => translateKubeletKey(key, value)),
    ...readFlags(flags).map(([flag, value]) => translateFlag(flag, value)),
  ];
  return join(...parts, leave("spec.kubelet", others));
}

function translateKubeletKey(key: string, value: unknown): Translation {
  if (key === "maxPods" || key === "cgroupDriver") return one(["kubelet", key], value);
  if (key === "registerWithTaints") return one(["node", "taints"], value);
  if ((OWNED_KUBELET_KEYS as readonly string[]).includes(key)) return left(`spec.kubelet.config.${key}`, OURS);
  return one(["kubelet", "config", key], value);
}

/** `--name=value`, or the name and then the value; a name alone is true. */
function readFlags(flags: unknown): readonly (readonly [name: string, value: string])[] {
  const words = Array.isArray(flags) ? flags.map(String).flatMap((word) => word.trim().split(/ +/)) : [];
  return words.flatMap((word, index) => {
    if (!word.startsWith("--")) return [];
    const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
    const next = words[index + 1];
    return [[name, value ?? (next === undefined || next.startsWith("--") ? "true" : next)] as const];
  });
}

function translateFlag(name: string, value: string): Translation {
  if (name === "node-labels") return join(...value.split(",").filter(Boolean).map(translateLabel));
  if (name === "register-with-taints") return one(["node", "taints"], value.split(",").filter(Boolean).map(readTaint));
  if (name === "max-pods") return one(["kubelet", "maxPods"], Number(value));
  if (name === "node-ip") return one(["node", "ip"], value);
  if (name === "cgroup-driver") return one(["kubelet", "cgroupDriver"], value);
  if (OWNED_KUBELET_FLAGS.includes(name)) return left(`spec.kubelet.flags: --${name}`, OURS);
  return one(["kubelet", "flags", name], value);
}

function translateLabel(label: string): Translation {
  const [key = "", value = ""] = label.split("=", 2);
  if (isLabelKey(key) && isOwnNodeLabel(key)) return one(["node", "labels", key], value);
  return left(`spec.kubelet.flags: --node-labels ${key}`, "kubelet may not give its own Node this label");
}

/** `key=value:effect`, or `key:effect`. */
function readTaint(taint: string): Table {
  const [, key = "", value = "", effect = ""] = /^([^=:]*)(?:=([^:]*))?:(.*)$/.exec(taint) ?? [];
  return { key, value, effect };
}

function translateContainerd({ config, ...others }: Table, file: string): Translation {
  const rest = leave("spec.containerd", others);
  if (typeof config !== "string" || config.trim() === "") return rest;
  const { version, ...keys } = readToml(config, file);
  const settings = Object.entries(keys).map(([key, value]): Setting => [["containerd", "config", key], value]);
  const own =
    version === undefined
      ? []
      : [{ key: "spec.containerd.config version", why: "the version of containerd's file on the machine stays" }];
  return join({ settings, left: own }, rest);
}

function readToml(text: string, file: string): Table {
  try {
    return parseToml(text);
  } catch (cause) {
    throw new SatelliteError(
      "nodeconfig-invalid",
      `${file}: spec.containerd.config is not TOML: ${describe(cause).message.split("\n")[0]}`,
      {
        hint: `Correct spec.containerd.config in ${file}, or remove it.`,
        cause,
      },
    );
  }
}

function leave(path: string, table: Table): Translation {
  const keys = Object.keys(table).map((key) => `${path}.${key}`);
  return { settings: [], left: keys.map((key) => ({ key, why: LEFT[key] ?? "eks-satellite has no such key" })) };
}

function one(path: readonly string[], value: unknown): Translation {
  return { settings: [[path, value]], left: [] };
}

function left(key: string, why: string): Translation {
  return { settings: [], left: [{ key, why }] };
}

function given(...settings: readonly Setting[]): readonly Setting[] {
  return settings.filter(([, value]) => value !== undefined);
}

function join(...parts: readonly Translation[]): Translation {
  return { settings: parts.flatMap(({ settings }) => settings), left: parts.flatMap((part) => part.left) };
}

function toTable(value: unknown): Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : {};
}
