// The Lease of coordination.k8s.io/v1: who may move the VPC's routes, as it is read and as it is written.
import * as z from "zod";
import { isoTime } from "../../time.ts";
import { GATEWAY_LEASE, LEASE_PATH, TUNNEL_NAMESPACE } from "../../tunnel/names.ts";

const COLLECTION = LEASE_PATH.slice(0, LEASE_PATH.lastIndexOf("/"));
/** A list by name: a Lease that is missing is an empty answer, not an error. */
export const LEASE_LIST_PATH = `${COLLECTION}?${new URLSearchParams({ fieldSelector: `metadata.name=${GATEWAY_LEASE}` })}`;

/** How long a holder is left alone after its last renewal. As in the gateway of EKS Hybrid Nodes: 3 s, 2 s, 1 s. */
export const LEASE_SECONDS = 3;
/** A clock that stands still writes the same times again, which the API server takes for no change: each renewal has a number. */
const RENEWALS = "eks-satellite.io/renewals";
/** A record that another hand wrote may say more, up to this. */
const MAX_LEASE_SECONDS = 60;

const leaseSchema = z.object({
  metadata: z.object({
    resourceVersion: z.string().max(64),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z
    .object({
      holderIdentity: z.string().max(1000).nullish(),
      leaseDurationSeconds: z.number().nullish(),
      acquireTime: z.string().max(64).nullish(),
      renewTime: z.string().max(64).nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .nullish(),
});
const listSchema = z.object({ items: z.array(leaseSchema).max(1).nullish() });

export interface LeaseRecord {
  /** Another one means that another process has written it since. Times in it are of another clock, and are not compared with this one's. */
  readonly resourceVersion: string;
  /** Empty: it is free. */
  readonly holder: string;
  readonly durationMs: number;
  readonly transitions: number;
  readonly acquireTime: string | undefined;
  /** Of the holder's renewals. */
  readonly renewals: number;
}

/** Reads a list of at most one; undefined when there is none. @throws ZodError */
export function readLeaseList(answer: unknown): LeaseRecord | undefined {
  const [item] = listSchema.parse(answer).items ?? [];
  return item === undefined ? undefined : toRecord(item);
}

/** @throws ZodError */
export function readLease(answer: unknown): LeaseRecord {
  return toRecord(leaseSchema.parse(answer));
}

function toRecord({ metadata, spec }: z.infer<typeof leaseSchema>): LeaseRecord {
  const { holderIdentity, leaseDurationSeconds, leaseTransitions, acquireTime } = spec ?? {};
  const seconds = Math.min(Math.max(leaseDurationSeconds ?? 0, LEASE_SECONDS), MAX_LEASE_SECONDS);
  return {
    resourceVersion: metadata.resourceVersion,
    holder: holderIdentity ?? "",
    durationMs: seconds * 1000,
    transitions: leaseTransitions ?? 0,
    acquireTime: acquireTime ?? undefined,
    renewals: Number.parseInt(metadata.annotations?.[RENEWALS] ?? "0", 10) || 0,
  };
}

export interface LeaseWrite {
  /** Empty: it is given up. */
  readonly holder: string;
  /** By this machine's clock: for those who read it, and for no decision. */
  readonly nowMs: number;
  /** What was read; undefined makes it. */
  readonly before: LeaseRecord | undefined;
}

/** The whole object. With the resourceVersion that was read the API server refuses it when another has written since. */
export function renderLease({ holder, nowMs, before }: LeaseWrite): object {
  const isNew = before?.holder !== holder;
  const time = toMicroTime(nowMs);
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      ...{ name: GATEWAY_LEASE, namespace: TUNNEL_NAMESPACE },
      annotations: { [RENEWALS]: String((before?.renewals ?? 0) + 1) },
      labels: { "app.kubernetes.io/managed-by": "eks-satellite" },
      ...(before === undefined ? {} : { resourceVersion: before.resourceVersion }),
    },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: LEASE_SECONDS,
      acquireTime: isNew ? time : (before?.acquireTime ?? time),
      renewTime: time,
      leaseTransitions: (before?.transitions ?? 0) + (isNew && holder !== "" ? 1 : 0),
    },
  };
}

/** MicroTime of meta/v1 has six digits. */
function toMicroTime(nowMs: number): string {
  return isoTime(nowMs).replace(/(\.\d{3})?Z$/, (_, millis) => `${millis ?? ".000"}000Z`);
}
