// A plan as a tree of files, for the eye and for the comparison with what is expected.
import type { NodePlan } from "../../agent/plan/node-plan.ts";
import type { Resource } from "../../agent/plan/resource.ts";
import { renderFirewall, renderTunnel } from "../../agent/plan/tunnel/resources.ts";

/** The plan as files: `PLAN` lists it in order, the others are what it writes, at the paths where it does. */
export function renderTree({ resources, kubelet, problems }: NodePlan): Map<string, string> {
  const lines = [
    ...resources.map(renderLine),
    ...(kubelet === undefined ? ["no kubelet"] : [`kubelet ${kubelet.path}`, ...kubelet.args.map((arg) => `  ${arg}`)]),
    ...problems.map(({ code, message }) => `problem ${code}: ${message}`),
  ];
  const contents = resources.flatMap((resource) =>
    resource.kind === "file" ? [[resource.path.slice(1), resource.content] as const] : [],
  );
  return new Map([["PLAN", `${lines.join("\n")}\n`], ...contents]);
}

function renderLine(resource: Resource): string {
  switch (resource.kind) {
    case "file":
      return `file ${resource.mode.toString(8).padStart(4, "0")} ${resource.path}, read by ${resource.reader === "none" ? "nobody" : resource.reader} (${resource.why})`;
    case "sysctl":
      return `sysctl ${resource.key} = ${resource.value} (${resource.why})`;
    case "kernel-module":
      return `kernel-module ${resource.name} (${resource.why})`;
    case "service":
      return `service ${resource.unit} on ${resource.configFile} (${resource.why})`;
    case "address":
      return `address ${resource.address} on lo (${resource.why})`;
    case "tunnel":
      return `tunnel ${resource.interface}, wireguard-go: ${resource.userspace} (${resource.why})\n${indent(renderTunnel(resource))}`;
    case "firewall":
      return `firewall ${resource.chain} (${resource.why})\n${indent(renderFirewall(resource))}`;
  }
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, "  ");
}
