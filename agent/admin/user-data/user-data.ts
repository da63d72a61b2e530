// User data as a whole: the machine's files and commands, what is secret in them, and what a user should know.
import { RENTED_FILE } from "../../config/paths.ts";
import type { Secret } from "../../secret.ts";
import { renderBoot } from "./boot.ts";
import { type ConfigRequest, KEYS_PATH, renderBootConfig } from "./boot-config.ts";
import type { BootFile } from "./boot-file.ts";
import type { PinnedRelease } from "./pinned-release.ts";
import { renderCloudConfig } from "./render-cloud-config.ts";
import { renderScript } from "./render-script.ts";
import { type Activation, READ_MANAGED_NAME, renderRegistration } from "./ssm-activation.ts";

export const FORMATS = ["cloud-config", "script"] as const;
export type Format = (typeof FORMATS)[number];

export interface UserDataRequest extends ConfigRequest {
  readonly format: Format;
  /** Of source `file`. */
  readonly keys?: Secret | undefined;
  /** Of source `ssm`. */
  readonly activation?: Activation | undefined;
  readonly release: PinnedRelease;
  readonly proxy?: string | undefined;
  readonly noProxy?: string | undefined;
  /** Certificate authorities, PEM. */
  readonly caPem?: string | undefined;
  readonly waitSeconds: number;
  /** Who rents the machine out, where that is known. */
  readonly rented?: Rented | undefined;
}

/** What the machine keeps of its launch, for `reset`. */
export interface Rented {
  readonly cloud: "lambda";
  readonly name: string;
}

export interface UserData {
  readonly text: string;
  /** What in it is a secret, in words; none when it may be shown. */
  readonly secrets: readonly string[];
}

const CONFIG_PATH = "/etc/eks-satellite/config.yaml";
/** Below this folder update-ca-certificates finds it, and so do curl, apt-get and containerd. */
const CA_PATH = "/usr/local/share/ca-certificates/eks-satellite.crt";

/** Renders it. @throws options-invalid, config-invalid */
export function renderUserData(request: UserDataRequest): UserData {
  const { format, keys, caPem, proxy, noProxy, release, waitSeconds, rented } = request;
  const { text: config } = renderBootConfig(request);
  const files: readonly BootFile[] = [
    { path: CONFIG_PATH, mode: "0644", content: config },
    ...(keys === undefined ? [] : [{ path: KEYS_PATH, mode: "0600", content: keys.reveal() }]),
    ...(caPem === undefined ? [] : [{ path: CA_PATH, mode: "0644", content: caPem }]),
    ...(rented === undefined ? [] : [{ path: RENTED_FILE, mode: "0644", content: `${JSON.stringify(rented)}\n` }]),
  ];
  const route = {
    ...(proxy === undefined ? {} : { proxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
    ...(caPem === undefined ? {} : { caPath: CA_PATH }),
  };
  const boot = renderBoot({ release, route, waitSeconds, ...registrationOf(request) });
  const secrets = findSecrets(request);
  const parts = { header: renderHeader(request, secrets), files, boot };
  return { text: format === "script" ? renderScript(parts) : renderCloudConfig(parts), secrets };
}

function registrationOf({ activation, roleArn }: UserDataRequest) {
  if (activation === undefined) return {};
  const before = renderRegistration(activation);
  if (roleArn !== undefined) return { before };
  return { before: before + READ_MANAGED_NAME, installerOptions: ' --node-name "$node_name"' };
}

function findSecrets({ keys, activation, proxy, release: { baseUrl } }: UserDataRequest): readonly string[] {
  return [
    ...(keys === undefined ? [] : ["AWS keys"]),
    ...(activation === undefined ? [] : ["the code of an SSM activation"]),
    ...(hasPassword(proxy) ? ["the password of the proxy"] : []),
    ...(hasPassword(baseUrl) ? ["the password of the mirror"] : []),
  ];
}

function hasPassword(url: string | undefined): boolean {
  return url !== undefined && /\/\/[^/]*@/.test(url);
}

function renderHeader({ cluster, region, format, source }: UserDataRequest, secrets: readonly string[]): string[] {
  const kind = format === "script" ? "A first-boot script" : "User data";
  return [
    `${kind} that makes a machine a node of EKS cluster ${cluster} in ${region}: eks-satellite user-data wrote it.`,
    "It is for images with Debian 12 or 13, or Ubuntu 20.04, 22.04 or 24.04, of Lambda Stack too: what Docker brought stays as it is.",
    ...(secrets.length === 0
      ? []
      : [
          `It holds ${secrets.join(" and ")}. Everyone who can see the launch can see them, and so can root on the machine and, where the cloud`,
          "has a metadata service, each process that reaches it: docs/how-to/user-data.md says which keys to give to a machine.",
        ]),
    ...(source === "later" ? [`Keys come later: put them into ${KEYS_PATH}, mode 0600.`] : []),
    `How it went: ${format === "script" ? "" : "cloud-init status --long; /var/log/cloud-init-output.log; "}eks-satellite status`,
  ];
}
