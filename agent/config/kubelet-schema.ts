// The section of the configuration that says which kubelet runs, and with what besides what the agent computes.
import * as z from "zod";
import { minutes, seconds } from "../duration.ts";
import { absolutePath as path } from "./absolute-path.ts";

/**
 * kubelet configuration that the agent computes from the cluster and the machine, or that it reads itself, each with the flags that
 * would set the same: kubelet takes a flag before its configuration.
 */
const OWNED = {
  apiVersion: [],
  kind: [],
  authentication: [
    "anonymous-auth",
    "authentication-token-webhook",
    "authentication-token-webhook-cache-ttl",
    "client-ca-file",
  ],
  authorization: [
    "authorization-mode",
    "authorization-webhook-cache-authorized-ttl",
    "authorization-webhook-cache-unauthorized-ttl",
  ],
  cgroupDriver: ["cgroup-driver"],
  clusterDNS: ["cluster-dns"],
  containerRuntimeEndpoint: ["container-runtime-endpoint"],
  healthzBindAddress: ["healthz-bind-address"],
  healthzPort: ["healthz-port"],
  maxPods: ["max-pods"],
  port: ["port"],
  providerID: ["provider-id"],
  readOnlyPort: ["read-only-port"],
  registerWithTaints: ["register-with-taints"],
  serverTLSBootstrap: ["rotate-server-certificates"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export const OWNED_KUBELET_KEYS = Object.keys(OWNED) as readonly (keyof typeof OWNED)[];

/** kubelet flags that the agent sets, or that would bypass the configuration that it writes. */
export const OWNED_KUBELET_FLAGS: readonly string[] = [
  ...Object.values(OWNED).flat(),
  "bootstrap-kubeconfig",
  "cert-dir",
  "cloud-provider",
  "config",
  "config-dir",
  "hostname-override",
  "image-credential-provider-bin-dir",
  "image-credential-provider-config",
  "kubeconfig",
  "node-ip",
  "node-labels",
  "root-dir",
];

/** kubelet: the program, and what the user adds to its configuration. */
export const kubeletSchema = z.strictObject({
  path: path()
    .default("/usr/bin/kubelet")
    .describe(
      "The kubelet to run. When there is none, one is downloaded and linked there; an existing one is used as it is.",
    ),
  version: z
    .string()
    .regex(/^1\.\d+\.\d+$/, "must be a version such as 1.34.4")
    .optional()
    .describe("The version to download. Default: the newest patch of the cluster's version."),
  upgrade: z
    .enum(["manual", "auto"])
    .default("manual")
    .describe(
      "auto: a kubelet that was downloaded follows the cluster's version and its patches, and is rolled back when the node is not Ready with the new one within 5 minutes.",
    ),
  upgradeWindow: z
    .string()
    .min(9)
    .max(100)
    .optional()
    .describe(
      "When a running kubelet may be replaced: five fields of crontab(5) for the beginning of a window, such as 0 3 * * 0. Default: at any time.",
    ),
  upgradeTimeZone: z
    .string()
    .max(64)
    .refine(isTimeZone, "must be a time zone of the IANA database, such as Europe/Berlin")
    .default("UTC")
    .describe("Time zone of kubelet.upgradeWindow."),
  upgradeWindowMinutes: minutes(1, 1440)
    .default(120)
    .describe("How long a window of kubelet.upgradeWindow is open: a number of minutes, or a duration such as 2h."),
  maxPods: z
    .int()
    .min(1)
    .max(1000)
    .default(110)
    .describe("Most pods on this node; kube-reserved memory follows from it."),
  cgroupDriver: z
    .enum(["auto", "systemd", "cgroupfs"])
    .default("auto")
    .describe("auto is systemd where systemd is pid 1; containerd is configured with the same driver."),
  config: z
    .record(z.string(), z.unknown())
    .refine(...refuses(OWNED_KUBELET_KEYS))
    .default({})
    .describe("Extra KubeletConfiguration, merged over the agent's."),
  flags: z
    .record(
      z.string().regex(/^[a-z][a-z0-9-]*$/, "must be a flag's name without dashes in front"),
      z.union([z.string(), z.number(), z.boolean()]),
    )
    .refine(...refuses(OWNED_KUBELET_FLAGS))
    .default({})
    .describe("Extra kubelet flags, name to value."),
  stopSeconds: seconds(1, 300).default(20).describe("How long kubelet may take to end before it is killed."),
});

function refuses(
  names: readonly string[],
): [(table: Record<string, unknown>) => boolean, { error: (issue: { input?: unknown }) => string }] {
  const refused = (table: unknown) => names.filter((name) => Object.hasOwn(table as object, name));
  return [
    (table) => refused(table).length === 0,
    { error: ({ input }) => `${refused(input).join(", ")}: eks-satellite computes this itself; remove it` },
  ];
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false; // RangeError: the database does not have it.
  }
}
