// The shape of /status. Fields and values are added without notice; a field that changes or goes raises schemaVersion. An older program
// reads a newer daemon's and the other way round, so that lists of our own are open, and a field that is new here is optional.
import * as z from "zod";
import { gpuStatusSchema } from "../gpu/gpu-status.ts";

export const STATUS_SCHEMA_VERSION = 1;

const moment = () => z.iso.datetime();
const count = () => z.int().min(0);
/** One of docs/reference/conditions.md; a later version has more. */
const conditionType = () => z.string();
const conditionStatus = () => z.enum(["True", "False", "Unknown"]);

const reportSchema = z.object({
  status: conditionStatus(),
  reason: z.string().describe("CamelCase, stable."),
  message: z.string().describe("One sentence with the values."),
  hint: z.string().optional().describe("What to do: a command to run, or an AWS action to take."),
  since: moment(),
});

const conditionSchema = reportSchema.extend({
  type: conditionType(),
  dependsOn: z.array(conditionType()).describe("Conditions whose failure explains this one's."),
  isCritical: z.boolean().describe("Whether the node is ready only while it is true."),
  pending: reportSchema
    .optional()
    .describe("The newest report, while it has not lasted long enough to turn the condition."),
});

const fileSchema = z.object({
  path: z.string(),
  sha256: z
    .string()
    .optional()
    .describe(
      "Digest of the content that is planned, and in place while ConfigInSync is true. Absent for files that may hold secrets.",
    ),
  mode: z.string().describe("Octal, e.g. 0600."),
  changes: count().describe("Times since the daemon's start that the agent wrote it, the first included."),
  lastChangedAt: moment().optional(),
  repairs: count().describe("Times since the daemon's start that another process's change was repaired."),
  lastRepairAt: moment().optional(),
});

const eventSchema = z.object({
  at: moment(),
  type: z.enum(["Normal", "Warning"]),
  reason: z.string(),
  message: z.string(),
});

const historySchema = z.object({
  at: moment().describe("By the clock as it was last set."),
  recordedAt: moment().optional().describe("By the clock as it was then, where that differs."),
  kind: z.string(),
  name: z.string(),
  message: z.string(),
  boot: z.string(),
  status: conditionStatus().optional(),
  reason: z.string().optional(),
  isRootCause: z.boolean().optional(),
  lastedSeconds: z.number().optional().describe("How long what the entry ends has lasted."),
  isBoot: z.boolean().optional(),
  isUnexpected: z.boolean().optional(),
  isSameProcess: z.boolean().optional(),
});

const loopSchema = z.object({
  name: z.string(),
  everySeconds: z.number(),
  rounds: count(),
  failures: count().optional().describe("Rounds that failed as a whole."),
  lagSeconds: z.number().describe("How long ago a round should have succeeded that has not."),
  isOverdue: z.boolean(),
});

/** The whole document. */
export const statusSchema = z.object({
  schemaVersion: z.literal(STATUS_SCHEMA_VERSION),
  version: z.string().describe("Version of eks-satellite."),
  startedAt: moment(),
  startMs: z.number().describe("From the process's start to its loops running, milliseconds."),
  verdict: z.object({
    ready: z.boolean().describe("What /readyz says."),
    healthy: z.boolean().describe("Ready, and no condition false."),
    reason: z.string().describe("The first root cause's, `Healthy`, or `Joining` while no cause is known."),
    summary: z.string().describe("One sentence: the first root cause, or that all is well."),
    hint: z.string().optional().describe("What to do about the first root cause."),
  }),
  rootCauses: z.array(conditionType()).describe("False conditions that no other failure explains."),
  conditions: z.array(conditionSchema),
  node: z.object({
    name: z.string(),
    identity: z.string().describe("What node.identity says."),
    providerId: z.string().describe("What kubelet registers with; another one's stays until the Node is deleted."),
    architecture: z.string().optional(),
    operatingSystem: z.string().optional(),
    kernel: z.string().optional(),
  }),
  cluster: z.object({
    name: z.string(),
    region: z.string(),
    endpoint: z.string().optional(),
    version: z.string().optional(),
    describedAt: moment().optional(),
  }),
  credentials: z.object({
    source: z.string().describe("The configured source, e.g. `keysFile /etc/eks-satellite/credentials`."),
    keysExpireAt: moment().optional(),
    keysRenewAt: moment().optional().describe("When the next renewal is due."),
    tokenExpiresAt: moment().optional(),
    certificateExpiresAt: moment().optional().describe("The certificate's of credentials.rolesAnywhere."),
    servingCertificateExpiresAt: moment().optional(),
  }),
  kubelet: z.object({
    version: z.string().optional(),
    pid: z.int().optional(),
    startedAt: moment().optional(),
    restarts: count(),
    restartsByReason: z.record(z.string(), count()),
    lastExit: z.string().optional(),
    upgradeWindow: z
      .object({
        cron: z.string(),
        timeZone: z.string(),
        minutes: count(),
        isOpen: z.boolean().optional(),
        opensAt: moment().optional().describe("Absent while it is open."),
      })
      .optional()
      .describe("kubelet.upgradeWindow; absent where none is configured."),
  }),
  containerd: z.object({
    version: z.string().optional(),
    restarts: count().optional().describe("By the daemon since its start, because containerd hung."),
  }),
  gpu: gpuStatusSchema.optional().describe("Absent before the first observation, and with gpu.mode: off."),
  check: z
    .object({
      at: moment(),
      version: z.string(),
      kernel: z.string(),
      driver: z.string().optional(),
      summary: z.object({ ok: count(), warn: count(), fail: count(), pending: count(), unknown: count() }),
      findings: z
        .array(z.object({ name: z.string(), outcome: z.string(), evidence: z.string(), remedy: z.string().optional() }))
        .describe("Those that are not ok."),
    })
    .optional()
    .describe("The daemon's last check of the machine."),
  tunnel: z
    .object({
      mode: z.enum(["auto", "static", "off"]).describe("What network.tunnel.mode says."),
      interface: z.string(),
      mtu: z.int().describe("As it is planned."),
      publicKey: z.string().describe("This machine's."),
      peers: z
        .array(z.object({ name: z.string(), publicKey: z.string(), endpoint: z.string(), address: z.string() }))
        .describe("The gateways, the first one preferred; names of endpoints are resolved."),
      keyRotation: z
        .object({
          state: z
            .enum(["idle", "pinned", "made", "announced", "declined"])
            .describe(
              "made: there is a next key. announced: the Node says it, and no gateway has consented yet. declined: the gateway is of an earlier version. pinned: an administrator has entered the key by hand.",
            ),
          keyMadeAt: moment().optional().describe("When the key in force was made."),
          lastAnswer: z
            .enum(["ready", "unknown", "unsupported", "silent"])
            .optional()
            .describe("What the gateway said last to a change. unknown: it has not read the next key from the Node."),
          rotations: count().describe("Changes since the daemon's start."),
        })
        .describe("How the tunnel's key is changed."),
      address: z.string().describe("The node's, in the tunnel."),
      gateway: z.object({ endpoint: z.string(), address: z.string().describe("In the VPC.") }),
      gateways: z
        .array(
          z.object({
            name: z.string(),
            endpoint: z.string(),
            interface: z.string(),
            carries: z.boolean().describe("Whether the traffic goes by it."),
            answers: z.boolean(),
            role: z
              .enum(["holder", "standby", "unknown"])
              .optional()
              .describe("holder: the VPC's routes lead to it. Absent while it is silent."),
          }),
        )
        .optional()
        .describe("Where there are two of them."),
      failovers: count().optional().describe("Times that the traffic was moved to the other gateway."),
      lastAnswerAt: moment().optional().describe("When the gateway last answered through the tunnel."),
      latencyMs: z.number().optional().describe("Of that answer."),
      handshakeAt: moment()
        .optional()
        .describe("WireGuard's last, as of a reading every five minutes and while the gateway is silent."),
      misses: count().describe("Knocks that the gateway did not answer, since the daemon's start."),
      peerRestarts: count().describe("Times that its peer was set anew because of them."),
      receivedBytes: count().optional().describe("Out of the tunnel, since its interface was made."),
      sentBytes: count().optional(),
    })
    .optional()
    .describe("Absent while no tunnel is planned."),
  podNetwork: z
    .object({
      networks: z.array(z.string()).describe("Of this node's pods."),
      mtu: z.int().describe("Of a pod that starts now."),
      addresses: z.object({ used: count().optional().describe("As host-local has given them."), capacity: count() }),
    })
    .optional()
    .describe("Absent unless pods get addresses of their own (network.cni: routed)."),
  versions: z.object({ node: z.string().describe("Version of the Node.js that runs the daemon.") }),
  converge: z.object({ rounds: count(), changes: count(), repairs: count(), lastRoundMs: z.number() }),
  files: z.array(fileSchema),
  loops: z.array(loopSchema),
  events: z.array(eventSchema).describe("The last things that happened, oldest first."),
  history: z
    .array(historySchema)
    .optional()
    .describe("The last entries of `eks-satellite history`, those of earlier runs included, oldest first."),
  lastErrors: z.array(eventSchema).describe("The last of them that were warnings, oldest first."),
});

export type StatusDocument = z.infer<typeof statusSchema>;
