// The faults of a node: how each is caused on the sandbox, what should be reported, and how it is removed.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { ConditionType } from "../../agent/board/condition-types.ts";
import type { Satellite } from "../e2e/satellite.ts";
import { sessionFiles } from "../sandbox/install-agent.ts";

/** One fault. */
export interface Fault {
  readonly name: string;
  /** The root cause that /status names, or undefined when the daemon repairs the fault before it has to report anything. */
  readonly condition: ConditionType | undefined;
  /** The check that fails, or warns, while the fault is there, or undefined when the repair comes first. */
  readonly check: string | undefined;
  /** The journal's first warning; by default it is the condition's. */
  readonly warning?: RegExp;
  /** The node is unharmed: neither /status nor the journal's warnings report it. */
  readonly isHarmless?: boolean;
  /** It starts the daemon again itself. */
  readonly isRestart?: boolean;
  /** How soon the daemon mends what it mends by itself; a minute unless it has to wait first. */
  readonly mendedWithinMs?: number;
  /** What must hold before the fault can show in minutes instead of an hour; the clock does not run yet. */
  readonly prepare?: (satellite: Satellite) => Promise<void>;
  readonly inject: (satellite: Satellite) => Promise<void>;
  /** The cause is gone; nothing is restarted. Absent where the daemon repairs it by itself. */
  readonly lift?: (satellite: Satellite) => Promise<void>;
  /** Undoes what {@link prepare} did; no clock runs any more. */
  readonly tidy?: (satellite: Satellite) => Promise<void>;
}

const CONFIG = "/etc/eks-satellite/config.yaml";
const CONTAINERD_CONFIG = "/etc/containerd/config.toml";
const STATE = "/var/lib/eks-satellite";
/** Keys that live an hour are renewed after 40 minutes: here they live 90 s, and are renewed after one minute. */
const SHORT_SESSION_SECONDS = 90;

async function shortenSessions(satellite: Satellite): Promise<void> {
  await satellite.sandbox.changeAwsFaults((faults) => ({ ...faults, sessionLifetimeSeconds: SHORT_SESSION_SECONDS }));
  await satellite.systemctl("stop"); // A daemon that runs puts its files back.
  await satellite.box("rm", "-f", ...sessionFiles);
  await satellite.systemctl("start");
  await satellite.untilHealthy(120_000);
}

async function mapRoles(satellite: Satellite, text: string): Promise<void> {
  const patch = JSON.stringify({ data: { mapRoles: text } });
  await satellite.sandbox.kubectl([
    ...["--namespace=kube-system", "patch", "configmap", "aws-auth"],
    ...["--type=merge", `--patch=${patch}`],
  ]);
}

function denying(action: string) {
  return (satellite: Satellite) =>
    satellite.sandbox.changeAwsFaults((faults) => ({ ...faults, denied: [...(faults.denied ?? []), action] }));
}

const clear = (satellite: Satellite) => satellite.sandbox.clearAwsFaults();

/** Every fault, in the order of the table. Each is made for one run: what one remembers, it forgets with the run. */
export function createFaults(): readonly Fault[] {
  const kept = new Map<string, string>();
  const keep = async (satellite: Satellite, path: string) => void kept.set(path, await satellite.read(path));
  const putBack = async (satellite: Satellite, path: string) => {
    await satellite.write(path, `${kept.get(path) ?? ""}\n`);
  };
  let mappedRoles = "";
  return [
    {
      name: "credentials revoked: the user's keys deleted, the role's sessions void",
      condition: "CredentialsRenewed",
      check: "assume-role",
      inject: ({ sandbox }) =>
        sandbox.changeAwsFaults((faults) => ({
          ...faults,
          usersDeleted: true,
          sessionsExpiredBefore: new Date().toISOString(),
        })),
      lift: clear,
    },
    {
      name: "role trust broken",
      condition: "CredentialsRenewed",
      check: "assume-role",
      prepare: shortenSessions,
      inject: denying("sts:AssumeRole"),
      lift: clear,
    },
    {
      name: "aws-auth entry removed",
      condition: "IdentityAccepted",
      check: "cluster-identity",
      inject: async (satellite) => {
        const map = ["--namespace=kube-system", "get", "configmap", "aws-auth", "--output=jsonpath={.data.mapRoles}"];
        mappedRoles = await satellite.sandbox.kubectl(map);
        await mapRoles(satellite, "[]\n");
      },
      lift: (satellite) => mapRoles(satellite, mappedRoles),
    },
    {
      name: "API endpoint unreachable",
      condition: "ApiReachable",
      check: "api-server",
      inject: ({ sandbox }) => sandbox.api("hang"),
      lift: ({ sandbox }) => sandbox.api("open"),
    },
    {
      name: "CA changed: EKS names another one",
      condition: "ApiReachable",
      check: "api-server",
      prepare: (satellite) => satellite.configure({ intervals: { clusterSeconds: 10 } }),
      inject: async ({ sandbox }) => {
        const other = await readFile(join(sandbox.folder, "pki", "aws-ca.crt"));
        await sandbox.changeAwsFaults((faults) => ({
          ...faults,
          cluster: { "certificateAuthority.data": other.toString("base64") },
        }));
      },
      lift: clear,
    },
    {
      name: "clock off 20 min",
      condition: "ClockInSync",
      check: "clock",
      inject: ({ sandbox }) => sandbox.changeAwsFaults((faults) => ({ ...faults, clockAheadSeconds: 20 * 60 })),
      lift: clear,
    },
    {
      name: "containerd stopped",
      condition: undefined,
      check: undefined,
      warning: /containerd.* was changed by another process and is repaired/,
      inject: async (satellite) => void (await satellite.box("systemctl", "stop", "containerd")),
    },
    {
      name: "containerd stopped and masked",
      condition: "ConfigInSync",
      check: "cri",
      inject: async (satellite) => {
        await satellite.box("systemctl", "mask", "--runtime", "--now", "containerd");
      },
      lift: async (satellite) => void (await satellite.box("systemctl", "unmask", "--runtime", "containerd")),
    },
    {
      name: "CRI disabled by hand",
      condition: undefined,
      check: undefined,
      warning: /config\.toml.* was changed by another process and is repaired/,
      inject: async (satellite) => {
        const config = (await satellite.read(CONTAINERD_CONFIG)).replaceAll(/^disabled_plugins.*\n/gm, "");
        await satellite.write(CONTAINERD_CONFIG, `disabled_plugins = ["io.containerd.grpc.v1.cri"]\n${config}\n`);
        await satellite.box("systemctl", "restart", "containerd");
      },
    },
    {
      name: "disk 95 % full",
      condition: "DiskAvailable",
      check: "disk",
      prepare: async (satellite) => {
        // A disk of its own for the state folder: the machine's own is the host's.
        await satellite.systemctl("stop");
        await satellite.box(
          "/bin/sh",
          "-ec",
          `cp -a ${STATE} /tmp/state && mount -t tmpfs -o size=16m,mode=0700 disk ${STATE} && cp -a /tmp/state/. ${STATE}/`,
        );
        await satellite.systemctl("start");
        await satellite.untilHealthy();
      },
      inject: async (satellite) => void (await satellite.box("fallocate", "--length", "15M", `${STATE}/fill`)),
      lift: async (satellite) => void (await satellite.box("rm", `${STATE}/fill`)),
      tidy: async (satellite) => {
        await satellite.systemctl("stop");
        await satellite.box("umount", STATE);
        await satellite.box("rm", "-rf", "/tmp/state");
        await satellite.systemctl("start");
      },
    },
    {
      name: "kubelet crash loop by a bad flag in the configuration",
      condition: "KubeletRunning",
      check: "daemon",
      warning: /kubelet exited with 1 .*no-such-flag/,
      inject: async (satellite) => {
        await keep(satellite, CONFIG);
        const { kubelet, ...others } = parse(kept.get(CONFIG) ?? "");
        const flags = { "no-such-flag": "1" };
        await satellite.write(CONFIG, stringify({ ...others, kubelet: { ...kubelet, flags } }));
      },
      lift: (satellite) => putBack(satellite, CONFIG),
    },
    {
      name: "Node deleted",
      condition: undefined,
      check: undefined,
      warning: /the Node is gone from the cluster/,
      inject: async ({ sandbox }) => {
        await sandbox.kubectl(["delete", "node", sandbox.nodeName, "--wait=false"]);
      },
    },
    {
      name: "Node cordoned",
      condition: "NodeSchedulable",
      check: "node",
      inject: async ({ sandbox }) => void (await sandbox.kubectl(["cordon", sandbox.nodeName])),
      lift: async ({ sandbox }) => void (await sandbox.kubectl(["uncordon", sandbox.nodeName])),
    },
    {
      name: "DNS broken",
      condition: "DnsWorking",
      check: "dns",
      inject: async (satellite) => {
        // 192.0.2.0/24 is for documentation: no machine answers there.
        await keep(satellite, "/etc/hosts");
        await keep(satellite, "/etc/resolv.conf");
        await satellite.write("/etc/resolv.conf", "nameserver 192.0.2.53\n");
        await satellite.write("/etc/hosts", "127.0.0.1 localhost\n");
      },
      lift: async (satellite) => {
        for (const path of ["/etc/hosts", "/etc/resolv.conf"]) await putBack(satellite, path);
      },
    },
  ];
}
