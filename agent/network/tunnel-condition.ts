// TunnelConfigured, from what is known and from what a round made of it.
import { type ConditionBoard, type Report, reportOf } from "../board/conditions.ts";
import type { TunnelFacts } from "../facts/tunnel/tunnel-facts.ts";
import { TUNNEL_INTERFACE, TUNNEL_INTERFACES } from "../tunnel/names.ts";

/** The condition's report; undefined while nothing is known. @param failure why the tunnel is not as planned */
export function judgeTunnel(facts: TunnelFacts | undefined, failure: unknown): Report | undefined {
  if (facts === undefined)
    return {
      status: "Unknown",
      reason: "NotAsked",
      message: "the API server has not been asked yet whether this node has a tunnel",
      isQuiet: true,
    };
  if (facts.kind === "waiting") return undefined;
  const problem = facts.kind === "damaged" ? facts.problem : (failure ?? facts.problem);
  if (problem !== undefined) return { status: "False", ...reportOf(problem) };
  if (facts.kind === "none") return { status: "True", reason: facts.reason, message: facts.message, isQuiet: true };
  const { address, gateways } = facts.kind === "wanted" ? facts.tunnel : { address: "", gateways: [] };
  const names = gateways.map(({ name, resolved }) => `${name} at ${resolved}`).join(", ");
  return {
    status: "True",
    reason: "Configured",
    message: `${gateways.length > 1 ? `${TUNNEL_INTERFACES.join(" and ")} are` : `${TUNNEL_INTERFACE} is`} as planned: address ${address}, gateway ${names}`,
  };
}

/** With a hint a condition is true, and a gateway that stands by is silent: it may have another key, or be another one. */
export function isTunnelWell(board: Pick<ConditionBoard, "isTrue" | "isFailing" | "get">): boolean {
  return (["TunnelConfigured", "TunnelUp"] as const).every(
    (type) => board.isTrue(type) && !board.isFailing(type) && board.get(type).hint === undefined,
  );
}
