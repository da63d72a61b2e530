// The figures of the tunnel, on a sandbox of their own whose machine is behind a NAT and whose gateway `gateway create` has made.
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { bringUpInVpc, CLUSTER, type Connected, startNode, untilGatewayWorks } from "../e2e/network/connected.ts";
import { clean } from "../sandbox/environment.ts";
import { webImage } from "../sandbox/images.ts";
import { accountId, nodeName } from "../sandbox/state.ts";
import { cpuNanoseconds, residentMegabytes } from "./daemon.ts";
import { type Figure, median } from "./figure.ts";
import { measureSilence } from "./silence.ts";
import { measureThroughput } from "./throughput.ts";

const SETTLE_MS = 30_000;
const WATCH_MS = 120_000;
const RUNS = 7;
const POD = "talker";

type Report = (figure: Figure) => void;

/** Measures and reports each of them. */
export async function reportNetworkFigures(report: Report): Promise<void> {
  const connected = await bringUpInVpc();
  try {
    report({ metric: "gateway_create_s", value: await measureCreate(connected) });
    await connect(connected);
    await reportFaults(connected, report);
    const logs = await measureLogs(connected);
    report({ metric: "logs_first_byte_ms", value: median(logs), samples: logs });
    const { tunnel, direct } = await measureThroughput(connected.sandbox);
    report({ metric: "tunnel_mbit_per_s", value: tunnel, samples: { withoutTunnel: Math.round(direct) } });
    await reportCost(connected, report);
  } finally {
    await connected.close();
  }
}

async function measureCreate({ laptop, gatewayOptions }: Connected): Promise<number> {
  const began = performance.now();
  await mustRun(laptop, `eks-satellite gateway create ${CLUSTER} ${gatewayOptions}`);
  return (performance.now() - began) / 1000;
}

async function connect(connected: Connected): Promise<void> {
  const { laptop, satellite } = connected;
  await untilGatewayWorks(laptop);
  const names = `--create-role --node-name ${nodeName} --trusted-arn arn:aws:iam::${accountId}:user/satellite`;
  await mustRun(laptop, `eks-satellite authorize ${CLUSTER} --tunnel ${names}`);
  await startNode(connected);
  await satellite.untilReason("TunnelUp", "GatewayAnswers");
}

async function mustRun(laptop: Connected["laptop"], line: string): Promise<void> {
  const { exitCode, stdout, stderr } = await laptop.run(line, { typed: "y\n" });
  if (exitCode !== 0) throw new Error(`${line}: ${stdout}${stderr}`);
}

/** The gateway restarts with WireGuard: it forgets every session. */
async function reportFaults({ sandbox }: Connected, report: Report): Promise<void> {
  const gateway = await sandbox.gateway();
  const restart = () =>
    gateway.run([
      "/bin/sh",
      "-c",
      "systemctl stop eks-satellite-gateway-wireguard; systemctl restart eks-satellite-gateway",
    ]);
  const idle = await measureSilence(sandbox, { fault: restart, isIdle: true });
  report({ metric: "gateway_restart_idle_s", value: idle.afterFaultSeconds });
  const busy = await measureSilence(sandbox, { fault: restart, isIdle: false });
  report({
    metric: "gateway_restart_traffic_s",
    value: busy.afterFaultSeconds,
    samples: { withRestart: busy.seconds },
  });
  const rebind = await measureSilence(sandbox, { fault: () => sandbox.nat.rebind(), isIdle: false });
  report({ metric: "nat_rebind_s", value: rebind.seconds });
}

/** From kubectl's start to the first byte of a log. */
async function measureLogs({ sandbox }: Connected): Promise<readonly number[]> {
  const container = {
    name: POD,
    image: webImage,
    imagePullPolicy: "Never",
    command: ["sh", "-c", "echo a; sleep 3600"],
  };
  const spec = { nodeName, hostNetwork: true, terminationGracePeriodSeconds: 0, containers: [container] };
  await sandbox.kubectl(
    ["apply", "--filename=-"],
    JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: POD }, spec }),
  );
  await sandbox.kubectl(["wait", "--for=condition=Ready", `pod/${POD}`, "--timeout=60s"]);
  const milliseconds: number[] = [];
  const kubectl = `${sandbox.programs.kubernetes}/kubectl`;
  for (let run = 0; run < RUNS; run += 1) {
    const began = performance.now();
    const child = execa(kubectl, ["--kubeconfig", sandbox.kubeconfig, "logs", POD], clean());
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    milliseconds.push(Math.round(performance.now() - began));
    await child;
  }
  return milliseconds;
}

/** The same daemon with the tunnel, and then without. */
async function reportCost({ satellite, sandbox }: Connected, report: Report): Promise<void> {
  const on = await measureDaemon();
  await satellite.configure({ network: { tunnel: { mode: "off" } } });
  const off = await measureDaemon();
  report({
    metric: "tunnel_rss_mb",
    value: on.rssMegabytes - off.rssMegabytes,
    samples: { on: on.rssMegabytes, off: off.rssMegabytes },
  });
  report({
    metric: "tunnel_cpu_percent",
    value: on.cpuPercent - off.cpuPercent,
    samples: { on: on.cpuPercent, off: off.cpuPercent },
  });

  /** Each begins anew on what is there: a first join loads and holds more. */
  async function measureDaemon() {
    await satellite.systemctl("restart");
    await sandbox.waitForNode();
    await delay(SETTLE_MS);
    const pid = await satellite.mainPid("eks-satellite");
    const began = { cpuNs: await cpuNanoseconds(sandbox, pid), at: performance.now() };
    await delay(WATCH_MS);
    const cpuNs = (await cpuNanoseconds(sandbox, pid)) - began.cpuNs;
    const rssMegabytes = residentMegabytes(await satellite.box("cat", `/proc/${pid}/status`));
    return { rssMegabytes, cpuPercent: (cpuNs / 1e6 / (performance.now() - began.at)) * 100 };
  }
}
