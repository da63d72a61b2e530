// `eks-satellite verify`: whether a node does for the cluster what a node is for, from a laptop. It answers what `check` on the machine cannot.
import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import { unusable } from "../../admin/kubernetes-call.ts";
import { ROW_NAMES, type Row, type RowName } from "../../admin/verify/row.ts";
import { type VerifyReport, verifyNode } from "../../admin/verify/verify.ts";
import { SatelliteError } from "../../errors.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { proxyFor } from "../../host/proxy.ts";
import type { KubeconfigFiles } from "../../host/verify/kubeconfig.ts";
import type { VerifyKubernetes } from "../../host/verify/verify-kubernetes.ts";
import { optional } from "../../optional.ts";
import type { LaptopContext, Print } from "../context.ts";
import { contextOption, type OutputFormat, outputOption } from "../options.ts";
import { renderEnd, renderJson, renderRow } from "./output.ts";

export interface VerifyCommandOptions {
  readonly node: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace: string;
  readonly image: string;
  readonly podNetwork: "host" | "cluster";
  readonly only: readonly RowName[];
  readonly skip: readonly RowName[];
  readonly output: OutputFormat;
}

export interface VerifyCommandContext extends Pick<LaptopContext, "environment" | "stopSignal"> {
  readonly host: Pick<LaptopHost, "clock">;
  readonly openKubernetes: (files: KubeconfigFiles) => Promise<VerifyKubernetes>;
}

/** Exit codes: 0 nothing failed, 1 something did, or an error. */
export const VERIFY_EXIT = { ok: 0, failed: 1 } as const;

/** busybox of 2 MB, from AWS's public registry, which needs no login. */
const DEFAULT_IMAGE = "public.ecr.aws/docker/library/busybox:1.36";
/** Below the range of NodePorts, and of the ports that Linux gives to connections. */
const PORTS = { from: 20_000, to: 29_999 } as const;

/** Adds `verify`. */
export function register(program: Command, context: LaptopContext): void {
  const { host, environment, print, exitNow } = context;
  const names = (flags: string, description: string) => new Option(flags, description).choices(ROW_NAMES).default([]);
  program
    .command("verify")
    .description(
      "administrator: try a node from outside: logs, exec, port-forward, names, Services, a GPU; exit 0 nothing failed, 1 something failed",
    )
    .requiredOption("--node <name>", "name of the Node")
    .option("--kubeconfig <file>", "kubeconfig of an administrator (default: as kubectl finds it)")
    .addOption(contextOption())
    .option("--namespace <name>", "where its pods are made; it must allow pods on the host's network", "default")
    .option("--image <image>", "image of its pods: a shell, and busybox's httpd, nslookup and wget", DEFAULT_IMAGE)
    .addOption(
      new Option("--pod-network <kind>", "network of its pods: the host's, or that of a CNI plugin")
        .choices(["host", "cluster"])
        .default("host"),
    )
    .addOption(names("--only <rows...>", "try these rows only"))
    .addOption(names("--skip <rows...>", "try all rows but these"))
    .addOption(outputOption())
    .action(async (options: VerifyCommandOptions) => {
      const { stopSignal } = context;
      await exitNow(await verifyCommand({ host, environment, stopSignal, openKubernetes }, options, print));
    });
}

/** Kubernetes' client is in a file of its own. */
async function openKubernetes(files: KubeconfigFiles): Promise<VerifyKubernetes> {
  const { createVerifyKubernetes } = await import("../../host/verify/verify-kubernetes.ts");
  return createVerifyKubernetes(files, proxyFor);
}

/** Prints the rows; returns the exit code. @throws what verifyNode does, kubeconfig-unusable, options-invalid */
export async function verifyCommand(
  { host, environment, stopSignal, openKubernetes: open }: VerifyCommandContext,
  options: VerifyCommandOptions,
  print: Print,
): Promise<number> {
  const { node, kubeconfig, context, namespace, image, podNetwork, only, skip, output } = options;
  const files = kubeconfig === undefined ? filesOf(environment) : [kubeconfig];
  const caller = `the user of kubeconfig ${files.join(":")}${context === undefined ? "" : `, context ${context}`}`;
  const kubernetes = await open({ files, ...optional({ context }) }).catch((cause: unknown) => {
    throw unusable(caller, cause);
  });
  const isText = output === "text";
  const report = await verifyNode(
    { kubernetes, clock: host.clock, caller, stopSignal },
    {
      ...{ nodeName: node, namespace, image, isOnHostNetwork: podNetwork === "host" },
      rows: ROW_NAMES.filter((name) => (only.length === 0 || only.includes(name)) && !skip.includes(name)),
      suffix: randomBytes(4).toString("hex"),
      port: randomInt(PORTS.from, PORTS.to),
    },
    (row) => (isText ? print(renderRow(row)) : undefined),
  );
  print(isText ? renderEnd(report) : renderJson(node, kubernetes.server, report));
  return exitCodeOf(report, stopSignal.aborted);
}

/** What an administrator has interrupted has not been verified; what is left in the cluster is said, too. */
function exitCodeOf({ rows, left }: VerifyReport, isInterrupted: boolean): number {
  const hasFailed = rows.some(({ outcome }: Row) => outcome === "fail");
  return hasFailed || left.length > 0 || isInterrupted ? VERIFY_EXIT.failed : VERIFY_EXIT.ok;
}

/** As kubectl finds them. @throws options-invalid */
function filesOf({ KUBECONFIG = "", HOME = "" }: LaptopContext["environment"]): readonly string[] {
  const files = KUBECONFIG.split(":").filter((file) => file !== "");
  if (files.length > 0) return files;
  if (HOME !== "") return [join(HOME, ".kube/config")];
  throw new SatelliteError("options-invalid", "there is neither HOME nor KUBECONFIG", {
    hint: "Name the file: --kubeconfig FILE. eks-satellite clusters kubeconfig NAME --region REGION makes one.",
  });
}
