// The gateway's user data: a cloud-config that installs the package, writes its configuration and starts the service. It holds no secret.
import { stringify } from "yaml";
import { optional } from "../../optional.ts";
import { GATEWAY_CONFIG_PATH, WIREGUARD_PORT } from "../../tunnel/names.ts";
import type { Allowance } from "./rules.ts";

/** The Debian package of this program. */
export interface Package {
  readonly url: string;
  /** SHA-256 in hex. */
  readonly sha256: string;
}

export interface GatewaySettings {
  readonly cluster: string;
  readonly region: string;
  readonly gateway: string;
  /** The Elastic IP. */
  readonly publicAddress: string;
  /** In the VPC. */
  readonly address: string;
  readonly package: Package;
  readonly allowances: readonly Allowance[];
  /** Whether wireguard-go may take the place of a kernel without WireGuard. */
  readonly allowsUserspace: boolean;
}

const GATEWAY_UNIT = "eks-satellite-gateway.service";

/** The gateway's configuration file. */
export function renderGatewayConfig(settings: GatewaySettings): string {
  const { cluster, region, gateway, publicAddress, address, allowances, allowsUserspace } = settings;
  return stringify({
    cluster: { name: cluster, region },
    name: gateway,
    endpoint: `${publicAddress}:${WIREGUARD_PORT}`,
    address,
    ...(allowsUserspace ? { userspace: "allow" } : {}),
    ...(allowances.length === 0 ? {} : { allow: allowances.map(({ cidr, port }) => optional({ cidr, port })) }),
  });
}

/** The whole user data. */
export function renderUserData(settings: GatewaySettings): string {
  const document = {
    package_update: true,
    packages: ["ca-certificates", "curl", "iptables", "wireguard-tools"],
    write_files: [{ path: GATEWAY_CONFIG_PATH, permissions: "0644", content: renderGatewayConfig(settings) }],
    runcmd: [renderInstallation(settings.package)],
  };
  return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}

/** One script: a step that fails ends it, and `cloud-init status --long` says error. The checksum comes from the administrator. */
function renderInstallation({ url, sha256 }: Package): string {
  return [
    "set -eu",
    "package=$(mktemp --suffix=.deb)",
    `curl --proto '=https,http' --fail --silent --show-error --location --retry 8 --retry-connrefused --output "$package" ${quote(url)}`,
    `echo "${sha256}  $package" | sha256sum --check --quiet`,
    'chmod 0644 "$package"',
    'apt-get install --yes --no-install-recommends "$package"',
    'rm -f "$package"',
    `systemctl enable --now ${GATEWAY_UNIT}`,
    "",
  ].join("\n");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
