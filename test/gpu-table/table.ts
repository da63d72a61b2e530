// The GPU machines, and what the agent reports of them, in Markdown: one row a machine.
import type { GpuObservation } from "./observe.ts";

const HEAD = ["machine", "detected", "GpuDriver", "GpusPresent", "GpuHealthy", "labels", "action", "onFatal: cordon"];
const PREFIX = "nvidia.com/";

/** Renders one row a machine. */
export function renderGpuTable(observations: readonly GpuObservation[]): string {
  const rows = observations.map((seen) => [
    `\`${seen.name}\`: ${seen.describes}`,
    renderDetected(seen),
    ...HEAD.slice(2, 5).map((type) => seen.conditions[type] ?? ""),
    Object.entries(seen.labels)
      .map(([key, value]) => `${key.replace(PREFIX, "")}=${value}`)
      .join(" "),
    renderAction(seen.hint),
    seen.isCordoned ? "cordoned" : "",
  ]);
  return [HEAD, HEAD.map(() => "---"), ...rows].map((cells) => `| ${cells.map(cell).join(" | ")} |\n`).join("");
}

function renderDetected({ devices, answering, nvSwitches, products, driverVersion, isMig }: GpuObservation): string {
  if (devices === 0) return "none";
  return [
    answering === devices ? `${devices}` : `${answering} of ${devices}`,
    ` × ${products.join(", ") || "?"}`,
    isMig ? ", MIG" : "",
    nvSwitches === 0 ? "" : `, ${nvSwitches} NVSwitches`,
    driverVersion === undefined ? ", no driver" : `, driver ${driverVersion}`,
  ].join("");
}

/** A hint begins with the action that is advised, unless there is nothing to do about a GPU. */
function renderAction(hint: string | undefined): string {
  if (hint === undefined) return "none";
  return /^Action: ([^.]+)\./.exec(hint)?.[1] ?? hint;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
