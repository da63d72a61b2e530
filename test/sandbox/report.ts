// What `up` ends with: whether the node does its work, shown and not assumed.
import { isReady, type NodeObject } from "./api.ts";
import { webPage } from "./images.ts";
import type { Progress } from "./step.ts";
import { waitFor } from "./wait.ts";
import { webName, webPort } from "./workload.ts";

/** One line of the table. */
export interface Check {
  readonly what: string;
  readonly value: string;
  readonly ok: boolean;
}

/** The little of a sandbox that the checks touch. */
export interface Checked {
  readonly addresses: { readonly node: string; readonly vpc: object | undefined };
  kubectl(args: readonly string[]): Promise<string>;
  node(): Promise<NodeObject>;
}

/** Looks at the node, its pod, its page, its logs and exec; a check that fails says why. */
export async function checkNode(sandbox: Checked): Promise<Check[]> {
  const url = `http://${sandbox.addresses.node}:${webPort}`;
  const pod = `deployment/${webName}`;
  const checks = [
    await check("node", async () => describeNode(await sandbox.node())),
    await check("labels", async () => renderLabels(await sandbox.node())),
    await check("pod", async () => expect(await podPhase(sandbox), (phase) => phase.includes("Running"))),
    await check(url, async () => expect(await fetchPage(url), (page) => page === webPage)),
  ];
  // Behind a NAT it takes a gateway.
  if (sandbox.addresses.vpc) return checks;
  return [
    ...checks,
    await check("kubectl logs", async () =>
      expect(await sandbox.kubectl(["logs", pod]), (log) => log.includes("serving")),
    ),
    await check("kubectl exec", async () =>
      expect(await sandbox.kubectl(["exec", pod, "--", "cat", "/www/index.html"]), (page) => page === webPage.trim()),
    ),
  ];
}

/** The table of the checks and of the seconds of each step. */
export function renderReport(checks: readonly Check[], progress: Pick<Progress, "times" | "elapsedSeconds">): string {
  const rows = [
    ...checks.map(({ what, value, ok }) => [ok ? "✓" : "✗", what, value]),
    ...progress.times.map(({ title, seconds }) => ["", title, `${seconds.toFixed(1)} s`]),
    ["", "all together", `${progress.elapsedSeconds.toFixed(1)} s`],
  ];
  const width = Math.max(...rows.map(([, what = ""]) => what.length));
  return rows.map(([mark, what = "", value]) => `${(mark ?? "").padEnd(1)} ${what.padEnd(width)}  ${value}\n`).join("");
}

/** Serving certificates are signed some seconds after the node is Ready, so each check is given time. */
async function check(what: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { what, value: await waitFor({ what, deadlineMs: 30_000, intervalMs: 500 }, look), ok: true };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return {
      what,
      value: cause instanceof Error ? (cause.message.split("\n").at(-1) ?? "") : String(cause),
      ok: false,
    };
  }
}

function expect(value: string, holds: (value: string) => boolean): string {
  if (!holds(value)) throw new Error(`got ${JSON.stringify(value.slice(0, 200))}`);
  return value.trim().split("\n")[0] ?? "";
}

function describeNode(node: NodeObject): string {
  if (!isReady(node)) throw new Error(`${node.metadata.name} is not Ready`);
  const info = node.status?.nodeInfo;
  return `${node.metadata.name} Ready, ${info?.kubeletVersion}, ${info?.containerRuntimeVersion}`;
}

function renderLabels(node: NodeObject): string {
  const labels = Object.entries(node.metadata.labels ?? {}).filter(([key]) => !key.startsWith("beta."));
  return labels.map(([key, value]) => `${key}=${value}`).join(" ");
}

async function podPhase(sandbox: Checked): Promise<string> {
  return sandbox.kubectl(["get", "pods", "--selector", `app=${webName}`, "--no-headers"]);
}

async function fetchPage(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  return response.text();
}
