// For each alert: the fault in which it fires, after how long, and its words there.
import type { Phase } from "./promtool.ts";

export interface Scenario {
  readonly alert: string;
  readonly phases: readonly Phase[];
  /** Minutes at which nothing fires yet. */
  readonly after: readonly number[];
  readonly atMinute: number;
  readonly severity: "warning" | "critical";
  /** Besides the node. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly description: string };
  /** Other alerts that fire for the same fault. */
  readonly also?: readonly string[];
  /** Between samples. Default: half a minute. */
  readonly everyMinutes?: number;
}

const well = (minutes = 30): Phase => ({ says: "healthy", minutes });
const DAY = 24 * 60;

export const SCENARIOS: readonly Scenario[] = [
  {
    alert: "SatelliteMetricsAbsent",
    phases: [well(), { says: "no answer", minutes: 20 }],
    after: [30, 39],
    atMinute: 42,
    severity: "warning",
    annotations: {
      summary: "Prometheus has no metrics of node gpu-1.",
      description:
        "Nothing that eks-satellite reports of gpu-1 has arrived for 10 minutes. The machine, its daemon, or the way to it is down. What is wrong with it cannot be said meanwhile.",
    },
  },
  {
    alert: "SatelliteNotReady",
    phases: [well(), { says: "api-unreachable", minutes: 20 }],
    after: [30, 39],
    atMinute: 42,
    severity: "critical",
    annotations: {
      summary: "Node gpu-1 does not do its work.",
      description:
        "A critical condition of gpu-1 is not true. False: ApiReachable -- `eks-satellite status` on the machine names the root cause and what to do.",
    },
  },
  {
    alert: "SatelliteConditionFalse",
    phases: [well(), { says: "config-invalid", minutes: 40 }],
    after: [30, 59],
    atMinute: 62,
    severity: "warning",
    labels: { type: "ConfigValid" },
    annotations: {
      summary: "ConfigValid is false on node gpu-1.",
      description:
        "The node works, and ConfigValid has been false for half an hour. `eks-satellite status` on the machine says why and what to do; `eks-satellite explain ConfigValid` says what it means.",
    },
  },
  {
    alert: "SatelliteCredentialsNotRenewed",
    phases: [well(), { says: "role-refused", minutes: 20 }],
    after: [30],
    atMinute: 42,
    severity: "warning",
    annotations: {
      summary: "Node gpu-1 gets no new AWS keys.",
      description:
        "The renewal of the AWS keys of gpu-1 has failed for 10 minutes. The node goes on with the present keys until they expire.",
    },
    also: ["SatelliteCredentialsExpire"],
  },
  {
    alert: "SatelliteCredentialsExpire",
    phases: [well(), { says: "role-refused", minutes: 20 }],
    after: [30],
    atMinute: 33,
    severity: "critical",
    annotations: {
      summary: "The keys of node gpu-1 expire.",
      description:
        "The AWS keys or kubelet's token of gpu-1 have ended, and none have replaced them. Without them the cluster takes the node for lost.",
    },
  },
  {
    alert: "SatelliteCertificateExpires",
    phases: [{ says: "certificate", minutes: 9 * DAY }],
    after: [DAY, 6 * DAY],
    atMinute: 8 * DAY,
    severity: "warning",
    annotations: {
      summary: "The certificate of node gpu-1 expires.",
      description:
        "The certificate by which gpu-1 gets its AWS keys (credentials.rolesAnywhere) ends in 3d 23h 59m 55s.",
    },
    everyMinutes: 4,
  },
  {
    alert: "SatelliteKubeletRestarts",
    phases: [well(), { says: "kubelet-crash-loop.1", minutes: 3 }, { says: "kubelet-crash-loop.2", minutes: 5 }],
    after: [30, 32],
    atMinute: 36,
    severity: "warning",
    annotations: {
      summary: "kubelet ends again and again on node gpu-1.",
      description:
        "kubelet on gpu-1 has ended 4 times in half an hour. Its last error is in the message of KubeletRunning.",
    },
  },
  {
    alert: "SatelliteDaemonRestarts",
    phases: [well(), ...[1, 2, 3, 4, 5].map((part) => ({ says: `started-again.${part}`, minutes: 4 }))],
    after: [30, 41],
    atMinute: 49,
    severity: "warning",
    annotations: {
      summary: "eks-satellite is started again and again on node gpu-1.",
      description: "The daemon on gpu-1 was started 5 times in an hour: it ends, or its watchdog ends it.",
    },
  },
  {
    alert: "SatelliteLoopOverdue",
    phases: [well(), { says: "loop-overdue", minutes: 15 }],
    after: [30, 39],
    atMinute: 42,
    severity: "warning",
    labels: { loop: "supplies" },
    annotations: {
      summary: "The loop supplies of eks-satellite fails on node gpu-1.",
      description: "No round of supplies has succeeded for 6m 4s more than its period on gpu-1.",
    },
  },
  {
    alert: "SatelliteGpuFault",
    phases: [
      { says: "gpu-healthy", minutes: 30 },
      { says: "gpu-fault", minutes: 5 },
    ],
    after: [30, 31],
    atMinute: 34,
    severity: "critical",
    labels: { uuid: "GPU-5c1b0000-0000-4000-8000-000000000001" },
    annotations: {
      summary: "A GPU of node gpu-1 has a fault.",
      description:
        "GPU-5c1b0000-0000-4000-8000-000000000001 of gpu-1 has a fault, or what all its GPUs share has one. `eks-satellite status` on the machine begins its hint with the action: reset, reboot or replacement.",
    },
  },
  {
    alert: "SatelliteGpuLost",
    phases: [
      { says: "gpu-healthy", minutes: 30 },
      { says: "gpu-lost", minutes: 8 },
    ],
    after: [30, 34],
    atMinute: 37,
    severity: "critical",
    annotations: {
      summary: "A GPU of node gpu-1 does not answer.",
      description:
        "A GPU of gpu-1 is on the PCI bus, or should be, and does not answer nvidia-smi. A reboot is the usual remedy.",
    },
  },
  {
    alert: "SatelliteDiskFull",
    phases: [well(), { says: "disk-full", minutes: 8 }],
    after: [30, 34],
    atMinute: 37,
    severity: "critical",
    annotations: {
      summary: "A disk of node gpu-1 is full, or hangs.",
      description:
        "A file system of gpu-1 has less than 10 % of its space or 5 % of its inodes left, or does not answer. kubelet evicts pods.",
    },
  },
  {
    alert: "SatelliteSuppliesMissing",
    phases: [well(), { says: "artifacts-missing", minutes: 40 }],
    after: [30, 59],
    atMinute: 62,
    severity: "warning",
    labels: { type: "ArtifactsInstalled" },
    annotations: {
      summary: "Programs are missing, or an upgrade has failed, on node gpu-1.",
      description:
        "ArtifactsInstalled has been false for half an hour on gpu-1: a download, a package or an upgrade of kubelet fails again and again.",
    },
  },
  {
    alert: "SatelliteTunnelDown",
    phases: [well(), { says: "tunnel-silent", minutes: 8 }],
    after: [30, 34],
    atMinute: 37,
    severity: "warning",
    annotations: {
      summary: "The tunnel of node gpu-1 is down.",
      description:
        "No gateway answers gpu-1 through its tunnel. Its pods run on; kubectl logs, exec, Services and cluster DNS do not work there.",
    },
  },
  {
    alert: "SatelliteClockWrong",
    phases: [well(), { says: "clock-wrong", minutes: 8 }],
    after: [30, 34],
    atMinute: 37,
    severity: "warning",
    annotations: {
      summary: "The clock of node gpu-1 is wrong.",
      description:
        "The clock of gpu-1 and AWS's differ by more than two minutes. From five minutes on AWS refuses its signatures and tokens.",
    },
  },
  {
    alert: "SatelliteRepairsRepeat",
    phases: [well(), { says: "repairs.1", minutes: 5 }, { says: "repairs.2", minutes: 5 }],
    after: [30, 34],
    atMinute: 39,
    severity: "warning",
    labels: { resource: "file:/etc/sysctl.d/90-eks-satellite.conf" },
    annotations: {
      summary: "Another program changes file:/etc/sysctl.d/90-eks-satellite.conf on node gpu-1 again and again.",
      description:
        "eks-satellite has repaired file:/etc/sysctl.d/90-eks-satellite.conf on gpu-1 8 times in an hour. Two programs own it.",
    },
  },
  {
    alert: "SatelliteImagePullsFail",
    phases: [well(), { says: "image-pulls.1", minutes: 5 }, { says: "image-pulls.2", minutes: 5 }],
    after: [30, 34],
    atMinute: 39,
    severity: "warning",
    labels: { registry: "127.0.0.1:9" },
    annotations: {
      summary: "Node gpu-1 cannot pull images from 127.0.0.1:9.",
      description: "7 pulls from 127.0.0.1:9 have failed on gpu-1 in half an hour.",
    },
  },
];
