// Renders the screen of `eks-satellite status`: the verdict first, the next command last, short enough not to scroll.
import { renderSummary } from "../fitness/words.ts";
import type { StatusDocument } from "../health/status-schema.ts";
import { renderDuration } from "../time.ts";
import type { Paint } from "./paint.ts";

/** Nothing of it is on this machine, or not as a service. */
export const NOT_INSTALLED = "the service is not installed here";
export const NO_SYSTEMD = "systemd does not answer";

/** What systemd and the journal say of a daemon that does not answer. */
export interface Silence {
  readonly url: string;
  /** E.g. `failed (exit-code), 3 restarts`. */
  readonly unit: string;
  readonly isActive: boolean;
  /** What is wrong with the configuration file that was named. */
  readonly config?: string;
  /** The newest warnings of its journal, oldest first. */
  readonly journal: readonly string[];
}

type Condition = StatusDocument["conditions"][number];

const LAST_EVENTS = 5;

/** Renders the /status of the daemon. */
export function renderStatus(document: StatusDocument, nowMs: number, paint: Paint): string {
  const lines = [
    ...renderVerdict(document, paint),
    "",
    ...document.conditions
      .filter(isOfThisMachine)
      .flatMap((condition) => renderCondition(condition, document, nowMs, paint)),
    "",
    ...renderFacts(document, nowMs),
    ...renderEvents(document, nowMs, paint),
    "",
    `${paint("bold", "Next:")} ${nextCommand(document)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Renders what is known of a daemon that does not answer. */
export function renderSilence({ url, unit, isActive, config, journal }: Silence, paint: Paint): string {
  const next =
    unit === NOT_INSTALLED || unit === NO_SYSTEMD
      ? "eks-satellite check"
      : isActive
        ? "journalctl -u eks-satellite -n 50"
        : "systemctl start eks-satellite";
  const lines = [
    paint("red", `✗ the daemon does not answer on ${url}`),
    `  systemd: ${unit}`,
    ...(config === undefined ? [] : [`  config: ${config}`]),
    ...(journal.length === 0 ? ["  journal: no warnings"] : ["  journal:", ...journal.map((line) => `    ${line}`)]),
    "",
    `${paint("bold", "Next:")} ${next}`,
  ];
  return `${lines.join("\n")}\n`;
}

function renderVerdict({ verdict, node, cluster, kubelet, version }: StatusDocument, paint: Paint): string[] {
  const { ready, healthy, summary } = verdict;
  const mark = healthy
    ? paint("green", "● ready")
    : ready
      ? paint("yellow", "● ready, but")
      : paint("red", "✗ not ready:");
  const versions = [`eks-satellite ${version}`, kubelet.version === undefined ? "" : `kubelet ${kubelet.version}`];
  return [
    `${mark} ${summary}`,
    `  node ${node.name} of ${cluster.name} in ${cluster.region}${cluster.version === undefined ? "" : ` (${cluster.version})`}, ${versions.filter(Boolean).join(", ")}`,
  ];
}

/** Conditions of what this machine does not have or use have no line of their own. */
const ABSENT_REASONS = ["NoEntry", "NoGpu", "NotUsed", "Off"];

function isOfThisMachine({ status, reason }: Condition): boolean {
  return status !== "True" || !ABSENT_REASONS.includes(reason);
}

function renderCondition(condition: Condition, { rootCauses }: StatusDocument, nowMs: number, paint: Paint): string[] {
  const { type, status, reason, message, hint, since, pending } = condition;
  const isRoot = rootCauses.includes(type);
  const mark =
    status === "True"
      ? paint("green", "✓")
      : status === "False"
        ? paint(isRoot ? "red" : "dim", "✗")
        : paint("dim", "?");
  const line = `${mark} ${type.padEnd(24)} ${age(since, nowMs).padStart(4)}  ${reason}: ${message}`;
  const isConsequence = status === "False" && !isRoot;
  return [
    isConsequence ? `${line} ${paint("dim", "(a consequence)")}` : line,
    ...(pending === undefined
      ? []
      : [paint("yellow", `  ~ for ${age(pending.since, nowMs)}: ${pending.reason}: ${pending.message}`)]),
    ...(isRoot && hint !== undefined ? [`  → ${hint}`] : []),
    ...(isRoot ? [paint("dim", `    see: eks-satellite explain ${reason}`)] : []),
  ];
}

function renderFacts(
  { credentials, kubelet, containerd, converge, gpu, check }: StatusDocument,
  nowMs: number,
): string[] {
  const { keysExpireAt, tokenExpiresAt, servingCertificateExpiresAt, certificateExpiresAt } = credentials;
  const left = (moment: string | undefined) => (moment === undefined ? "none" : countdown(moment, nowMs));
  const repairs = converge.repairs === 0 ? "" : `, ${converge.repairs} repairs`;
  const certificate =
    certificateExpiresAt === undefined ? "" : `, Roles Anywhere certificate ${left(certificateExpiresAt)}`;
  return [
    `expiry      keys ${left(keysExpireAt)}, token ${left(tokenExpiresAt)}, serving certificate ${left(servingCertificateExpiresAt)}${certificate}`,
    `kubelet     ${kubelet.pid === undefined ? "does not run" : `pid ${kubelet.pid}`}, ${kubelet.restarts} restarts${kubelet.lastExit === undefined ? "" : `; ${kubelet.lastExit}`}`,
    `containerd  ${containerd.version ?? "unknown"}`,
    `machine     ${converge.rounds} rounds, ${converge.changes} changes${repairs}`,
    ...renderGpus(gpu),
    ...(check === undefined ? [] : [`check       ${renderSummary(check.summary)}, ${age(check.at, nowMs)} ago`]),
  ];
}

/** Renders a line for each GPU, or a single line without GPUs. */
function renderGpus(gpu: StatusDocument["gpu"]): string[] {
  if (gpu === undefined) return ["GPU         not observed"];
  const { devices, driverVersion, cudaVersion, gpus = [], runtime } = gpu;
  if (devices === 0) return ["GPU         none"];
  const cuda = cudaVersion === undefined ? "" : `, CUDA up to ${cudaVersion}`;
  return [
    `GPU         ${devices} NVIDIA, driver ${driverVersion ?? "not loaded"}${cuda}`,
    ...gpus.map((each) => `  ${each.busId}  ${each.product ?? "NVIDIA GPU"}: ${describeGpu(each)}`),
    ...(runtime === undefined ? [] : [`  pods     ${describeRuntime(runtime)}`]),
  ];
}

function describeRuntime({
  binary,
  defaultRuntime,
  cdiOwner,
}: NonNullable<NonNullable<StatusDocument["gpu"]>["runtime"]>) {
  const spec = cdiOwner === undefined ? "no CDI specification" : `CDI specification kept by ${cdiOwner}`;
  return `${binary ?? "no runtime nvidia"}, default runtime ${defaultRuntime}, ${spec}`;
}

function describeGpu(gpu: NonNullable<NonNullable<StatusDocument["gpu"]>["gpus"]>[number]): string {
  const { faults, isAnswering, temperatureCelsius, utilizationPercent, isMig, memoryUsedMebibytes } = gpu;
  const [fault] = faults;
  const withUnit = (value: number | undefined, unit: string) => (value === undefined ? [] : [`${value} ${unit}`]);
  const total = gpu.memoryTotalMebibytes === undefined ? "" : ` of ${gpu.memoryTotalMebibytes}`;
  const values = [
    ...withUnit(temperatureCelsius, "°C"),
    ...withUnit(utilizationPercent, "%"),
    ...(memoryUsedMebibytes === undefined ? [] : [`${memoryUsedMebibytes}${total} MiB`]),
    ...(isMig === true ? ["MIG"] : []),
  ];
  const state = fault !== undefined ? `✗ ${fault.message}` : isAnswering ? "ok" : "no answer";
  return [state, ...values].join(", ");
}

function renderEvents({ events }: StatusDocument, nowMs: number, paint: Paint): string[] {
  return events.slice(-LAST_EVENTS).map(({ at, type, reason, message }) => {
    const line = `event ${age(at, nowMs).padStart(5)}  ${reason}: ${message}`;
    return type === "Warning" ? paint("yellow", line) : line;
  });
}

function nextCommand({ verdict, node }: StatusDocument): string {
  if (verdict.hint !== undefined) return verdict.hint;
  return verdict.healthy ? `kubectl get node ${node.name}` : "journalctl -u eks-satellite -p warning";
}

/** Renders how long ago a moment was: `42s`, `3m`, `5h`, `2d`. */
function age(moment: string, nowMs: number): string {
  return renderDuration(nowMs - Date.parse(moment));
}

function countdown(moment: string, nowMs: number): string {
  const leftMs = Date.parse(moment) - nowMs;
  return leftMs <= 0 ? `expired ${renderDuration(-leftMs)} ago` : `in ${renderDuration(leftMs)}`;
}
