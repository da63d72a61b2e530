// Options of `gateway`: names, networks and addresses are checked before AWS is asked.
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_GATEWAY } from "../../admin/gateway/names.ts";
import type { Allowance } from "../../admin/gateway/rules.ts";
import type { Package } from "../../admin/gateway/user-data.ts";
import { SatelliteError } from "../../errors.ts";
import { isNetwork } from "../../tunnel/entries.ts";
import {
  contextOption,
  kubeconfigOption,
  type OutputFormat,
  outputOption,
  parseRegion,
  profileOption,
} from "../options.ts";

/** What every command about one cluster's gateway is given. */
export interface GatewayOptions {
  readonly cluster: string;
  readonly region: string;
  readonly name: string;
  readonly output: OutputFormat;
}

/** Adds the options of every `gateway` command about one cluster. */
export function addGatewayOptions(command: Command): Command {
  return command
    .requiredOption("--cluster <name>", "name of the EKS cluster")
    .requiredOption("--region <region>", "region of the cluster", parseRegion)
    .option("--name <name>", "name of the gateway", parseGatewayName, DEFAULT_GATEWAY)
    .addOption(profileOption())
    .addOption(kubeconfigOption("reach the API server"))
    .addOption(contextOption())
    .addOption(outputOption());
}

/** Adds what the commands that change something share. */
export function addConfirmation(command: Command): Command {
  return command
    .option("--yes", "do not ask for confirmation", false)
    .option("--dry-run", "show what would change, and change nothing", false);
}

/** @throws InvalidArgumentError */
export function parseGatewayName(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError("It must be 1 to 32 lower-case letters, digits and dashes.");
}

/** Collects `--allow CIDR[:PORT]`. @throws InvalidArgumentError */
export function collectAllowance(text: string, earlier: readonly Allowance[]): readonly Allowance[] {
  const [cidr = "", port] = text.split(":");
  const number = Number(port);
  if (!isNetwork(cidr))
    throw new InvalidArgumentError("It must be an IPv4 network such as 10.0.0.0/16, or with a port 10.0.0.0/16:8080.");
  if (port === undefined) return [...earlier, { cidr, port: undefined }];
  if (!/^\d{1,5}$/.test(port) || number < 1 || number > 65_535)
    throw new InvalidArgumentError("Its port must be 1 to 65535.");
  return [...earlier, { cidr, port: number }];
}

/** Creates `--print`. */
export function printOption(): Option {
  return new Option("--print <format>", "print the plan for another tool, and change nothing").choices(["terraform"]);
}

/** @throws options-invalid */
export function readPackage(url: string | undefined, sha256: string | undefined): Package | undefined {
  if (url === undefined && sha256 === undefined) return undefined;
  if (url === undefined || sha256 === undefined)
    throw new SatelliteError("options-invalid", "--package-url and --package-sha256 belong together", {
      hint: "The instance installs the package only when its checksum is the given one.",
    });
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || /\s/.test(url))
    throw new SatelliteError("options-invalid", `--package-url ${JSON.stringify(url)} is not an address`, {
      hint: "It looks like https://HOST/eks-satellite_VERSION_arm64.deb.",
    });
  if (!/^[0-9a-f]{64}$/i.test(sha256))
    throw new SatelliteError(
      "options-invalid",
      `--package-sha256 ${JSON.stringify(sha256)} is not a SHA-256 checksum`,
      {
        hint: "It has 64 hexadecimal digits: the package's line in SHA256SUMS of its release.",
      },
    );
  return { url, sha256: sha256.toLowerCase() };
}
