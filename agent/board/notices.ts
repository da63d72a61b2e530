// Events with a reason of their own. Every other event has the reason of the condition that changed.

interface Notice {
  readonly type: "Normal" | "Warning";
  /** The sentence of the documentation: recorded when … */
  readonly when: string;
}

/** Entries of /status that are also events on the Node. */
export const NOTICES = {
  Repaired: { type: "Warning", when: "another process changed a managed file or setting, and the daemon repaired it" },
  KubeletUpgrading: { type: "Normal", when: "kubelet of another version is installed, and its trial begins" },
  KubeletUpgraded: { type: "Normal", when: "the trial of another kubelet succeeded" },
  KubeletRolledBack: { type: "Warning", when: "the trial of another kubelet failed, and the earlier version is back" },
  NodeRenamed: {
    type: "Warning",
    when: "the machine has joined under another name; its earlier Node stays until it is deleted",
  },
  CordonedForGpu: { type: "Warning", when: "the daemon cordoned the Node for the faults of its GPUs" },
  ContainerdRestarted: {
    type: "Warning",
    when: "containerd had not answered for three minutes, and the daemon restarted it",
  },
  TunnelMtuLowered: {
    type: "Warning",
    when: "large packets did not pass through the tunnel, and smaller ones are sent from then on",
  },
  TunnelKeyRotated: { type: "Normal", when: "the key of the node's tunnel was changed, and packets went on passing" },
  Checked: { type: "Normal", when: "the daemon ran `eks-satellite check`, and nothing failed" },
  CheckFailed: { type: "Warning", when: "the daemon ran `eks-satellite check`, and something failed" },
  TunnelFailedOver: {
    type: "Warning",
    when: "the gateway that carried the traffic was silent, and the other gateway carries it since",
  },
  TunnelMoved: {
    type: "Normal",
    when: "the VPC's routes lead to the other gateway, and it carries the traffic since",
  },
  UncordonedForGpu: { type: "Normal", when: "those faults are gone, and the daemon uncordoned the Node" },
} as const satisfies Record<string, Notice>;

export type NoticeReason = keyof typeof NOTICES;

/** Entries of /status alone. */
export const LOCAL_NOTICES = {
  GpuRuntimeChanged: { type: "Normal", when: "another program changed how containerd gives GPUs to pods" },
  NodeMissing: { type: "Warning", when: "the Node was deleted from the cluster, and kubelet registers it again" },
} as const satisfies Record<string, Notice>;
