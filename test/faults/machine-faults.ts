// Faults of the machine around the daemon: what hangs, what another program upgrades, removes or starts twice.
import { parse, stringify } from "yaml";
import type { Satellite } from "../e2e/satellite.ts";
import { buildContainerd } from "../sandbox/go-builds.ts";
import { installContainerd, machineTree } from "../sandbox/machine-tree.ts";
import { Progress } from "../sandbox/step.ts";
import type { Fault } from "./faults.ts";

const CONFIG = "/etc/eks-satellite/config.yaml";
const CNI = "/etc/cni/net.d/10-host-network.conf";
const OTHERS_CNI = "/etc/cni/net.d/05-other.conf";
const JOURNAL = ["systemd-journald.socket", "systemd-journald-dev-log.socket", "systemd-journald.service"];

/** Stops a process as a debugger or a hung disk does: it is there, and does nothing. */
const freeze = (name: string) => async (satellite: Satellite) =>
  void (await satellite.box("pkill", "-STOP", "--exact", name));

async function runByHand(satellite: Satellite): Promise<void> {
  const { exitCode, stdout, stderr } = await satellite.sandbox.box(["timeout", "20", "eks-satellite", "run"], {
    mayFail: true,
  });
  if (exitCode !== 1) throw new Error(`a second daemon ended with ${exitCode}: ${stdout}${stderr}`);
}

/** Every fault, in the order of the table; the last one leaves the sandbox with another containerd. */
export function createMachineFaults(): readonly Fault[] {
  const kept = new Map<string, string>();
  return [
    {
      name: "kubelet hangs",
      condition: "KubeletRunning",
      check: undefined,
      warning: /KubeletRunning/,
      mendedWithinMs: 240_000,
      inject: freeze("kubelet"),
    },
    {
      name: "containerd hangs",
      condition: "RuntimeReady",
      check: "cri",
      warning: /RuntimeReady/,
      mendedWithinMs: 420_000,
      inject: freeze("containerd"),
    },
    {
      name: "the folder of token and keys removed",
      condition: undefined,
      check: undefined,
      warning: /\/run\/eks-satellite\S* was changed by another process and is repaired/,
      inject: async (satellite) => void (await satellite.box("rm", "-rf", "/run/eks-satellite")),
    },
    {
      name: "the host name changed, where the configuration does not name the node",
      condition: "NodeNameKept",
      check: undefined,
      isRestart: true,
      prepare: (satellite) => satellite.configure({ node: { name: null } }),
      inject: async (satellite) => {
        await satellite.box("hostname", "renamed-by-dhcp");
        await satellite.systemctl("restart");
      },
      lift: async (satellite) => void (await satellite.box("hostname", satellite.sandbox.nodeName)),
      tidy: (satellite) => satellite.configure({}),
    },
    {
      name: "a second daemon started by hand",
      condition: undefined,
      check: undefined,
      isHarmless: true,
      inject: runByHand,
    },
    {
      name: "the cluster's name misspelt in the configuration",
      condition: "ConfigValid",
      check: undefined,
      inject: async (satellite) => {
        kept.set(CONFIG, await satellite.read(CONFIG));
        const { cluster, ...others } = parse(kept.get(CONFIG) ?? "");
        await satellite.write(CONFIG, stringify({ ...others, cluster: { ...cluster, name: "sandbocks" } }));
      },
      lift: async (satellite) => void (await satellite.write(CONFIG, `${kept.get(CONFIG)}\n`)),
    },
    {
      // What happens after it must be in the journal again.
      name: "the journal away for a while, and a file removed after it",
      condition: undefined,
      check: undefined,
      warning: /kubelet-token was changed by another process and is repaired/,
      inject: async (satellite) => {
        await satellite.box("systemctl", "stop", ...JOURNAL);
        await satellite.box("sleep", "5");
        await satellite.box("systemctl", "start", ...JOURNAL.toReversed());
        await satellite.box("rm", "/run/eks-satellite/kubelet-token");
      },
    },
    {
      name: "another CNI on a kernel with bridge netfilter built in",
      condition: undefined,
      check: undefined,
      isHarmless: true,
      prepare: async (satellite) => {
        await satellite.write(OTHERS_CNI, await satellite.read(CNI));
        await satellite.configure({ network: { cni: "none" } });
      },
      inject: async () => undefined,
      tidy: async (satellite) => {
        await satellite.configure({});
        await satellite.box("rm", OTHERS_CNI);
      },
    },
    {
      name: "containerd upgraded in place, to one that deprecates what the kernel has",
      condition: undefined,
      check: undefined,
      isHarmless: true,
      inject: async (satellite) => {
        const programs = await buildContainerd("2.2.0", new Progress());
        await installContainerd(machineTree(satellite.sandbox.folder), programs);
        await satellite.box("systemctl", "restart", "containerd");
      },
    },
  ];
}
