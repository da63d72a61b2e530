// The configuration that user data brings: of what the options say, and nothing else, so that each default stays the program's own.
import { stringify } from "yaml";
import { parseConfig } from "../../config/load.ts";
import type { NodeIdentity } from "../../config/node-schema.ts";
import type { Config } from "../../config/schema.ts";
import { SatelliteError } from "../../errors.ts";
import { type Setting, toTable } from "./settings.ts";

/** Where the installer puts the keys, too. */
export const KEYS_PATH = "/etc/eks-satellite/credentials";

/** Where the machine's first keys come from. */
export type KeySource = "file" | "later" | "ssm" | "configured";

export interface ConfigRequest {
  readonly cluster: string;
  readonly region: string;
  readonly nodeName?: string | undefined;
  readonly identity?: NodeIdentity | undefined;
  readonly eni?: string | undefined;
  readonly roleArn?: string | undefined;
  readonly source: KeySource;
  readonly settings: readonly Setting[];
}

export interface BootConfig {
  readonly text: string;
  readonly config: Config;
}

/** Stands for the machine's host name, which is not known yet. */
const ANY_HOSTNAME = "machine";
const SOURCES = ["keysFile", "profile", "process", "rolesAnywhere"];

/** Whether a setting names a source of keys. */
export function namesSource({ path: [section, source = ""] }: Setting): boolean {
  return section === "credentials" && SOURCES.includes(source);
}

/** Renders and validates it. @throws options-invalid, config-invalid */
export function renderBootConfig(request: ConfigRequest): BootConfig {
  const given = settingsOf(request);
  const twice = given.find(({ path }) => request.settings.some((setting) => setting.path.join(".") === path.join(".")));
  if (twice !== undefined)
    throw new SatelliteError("options-invalid", `${twice.option} and --set ${twice.path.join(".")} are both given`, {
      hint: "Give one of them.",
    });
  const all = [...given, ...request.settings];
  const text = stringify(toTable(all), { lineWidth: 0, aliasDuplicateObjects: false });
  const options = Object.fromEntries(all.map(({ path, option }) => [path.join("."), option]));
  return { text, config: parseConfig(text, "the configuration", ANY_HOSTNAME, options) };
}

function settingsOf(request: ConfigRequest): readonly Setting[] {
  const { cluster, region, nodeName, identity, eni, roleArn } = request;
  const settings: readonly [key: string, value: string | undefined, option: string][] = [
    ["cluster.name", cluster, "--cluster"],
    ["cluster.region", region, "--region"],
    ["node.name", nodeName, "--node-name"],
    ["node.identity", identity, "--identity"],
    ["node.eni", eni, "--eni"],
    ...sourceOf(request),
    [roleKey(request.settings), roleArn, "--role-arn"],
  ];
  return settings.flatMap(([key, value, option]) =>
    value === undefined ? [] : [{ path: key.split("."), value, option }],
  );
}

function sourceOf({ source }: ConfigRequest): readonly [key: string, value: string, option: string][] {
  switch (source) {
    case "file":
      return [["credentials.keysFile", KEYS_PATH, "--credentials-file"]];
    case "later":
      return [["credentials.keysFile", KEYS_PATH, "--credentials"]];
    case "ssm":
      // The agent keeps this file for root.
      return [["credentials.profile.file", "/root/.aws/credentials", "--ssm-activation"]];
    case "configured":
      return [];
  }
}

/** With a certificate the role is that of the session, which needs no second one. */
function roleKey(settings: readonly Setting[]): string {
  const hasCertificate = settings.some(({ path }) => path[0] === "credentials" && path[1] === "rolesAnywhere");
  return hasCertificate ? "credentials.rolesAnywhere.roleArn" : "credentials.assumeRole.arn";
}
