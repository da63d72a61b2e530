// Which of two gateways is to carry the traffic, from what each has answered: the one that the VPC's routes lead to. Pure.

/** What a gateway says of itself; `unknown` where it says nothing, as one without a Lease. */
export type Role = "holder" | "standby" | "unknown";

export interface GatewayPulse {
  /** The gateway's. */
  readonly name: string;
  /** The last answer; undefined while it is silent. */
  readonly role: Role | undefined;
  /** Knocks in a row without an answer. */
  readonly misses: number;
  /** Knocks in a row with one. */
  readonly answers: number;
  /** Whether its machine is there: it answered, or refused, as one whose service restarts. */
  readonly isThere: boolean;
  /** How long it has said that it is the holder. */
  readonly holderMs: number;
}

/** A packet may be lost: only the second silence counts. */
export const MAX_MISSES = 2;
/** A route that AWS has replaced leads there some time later: a gateway that is there still carries what is under way. */
export const SETTLE_MS = 3000;
/** Without a word on the VPC's routes they lead to the first gateway; it has to have answered this often to be trusted again. */
const TRUSTED_ANSWERS = 5;

/**
 * The name of the one that is to carry. What the VPC sends comes from the holder, and what is answered through the other gateway is lost
 * there, but for TCP: so the holder is followed, and a gateway that stands by is never taken by itself.
 */
export function chooseCarrier(pulses: readonly GatewayPulse[], current: string | undefined): string | undefined {
  const now = pulses.find(({ name }) => name === current) ?? pulses[0];
  if (now === undefined || now.role === "holder") return now?.name;
  const holder = pulses.find(({ role }) => role === "holder");
  if (holder !== undefined) return now.isThere && holder.holderMs < SETTLE_MS ? now.name : holder.name;
  const [first] = pulses;
  const isFirstBack = first?.role === "unknown" && first.answers >= TRUSTED_ANSWERS;
  if (now.role === "unknown" && isFirstBack) return first.name;
  const isSilent = now.role === undefined && now.misses >= MAX_MISSES;
  const other = isSilent ? pulses.find(({ role }) => role === "unknown") : undefined;
  return (other ?? now).name;
}
