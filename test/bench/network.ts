// The figures of the tunnel, on a sandbox of their own whose machine is behind a NAT and whose gateway `gateway create` has made.
import { execa } from "execa";
import { bringUpInVpc, CLUSTER, type Connected, startNode, untilGatewayWorks } from "../e2e/network/connected.ts";
import { clean } from "../sandbox/environment.ts";
import { webImage } from "../sandbox/images.ts";
import { accountId, nodeName } from "../sandbox/state.ts";
import { type Figure, median } from "./figure.ts";
import { reportCost } from "./network-cost.ts";
import { measureSilence } from "./silence.ts";
import { measureThroughput } from "./throughput.ts";

const RUNS = 7;
const POD = "talker";

/** Measures and reports each of them, or only what the tunnel costs the daemon, or only how long faults last. */
export async function reportNetworkFigures(report: (figure: Figure) => void, only?: string): Promise<void> {
  const connected = await bringUpInVpc();
  try {
    report({ metric: "gateway_create_s", value: await measureCreate(connected) });
    await connect(connected);
    if (only === "cost") return await reportCostOfPair(connected, report);
    await reportFaults(connected, report);
    if (only === "faults") return;
    const logs = await measureLogs(connected);
    report({ metric: "logs_first_byte_ms", value: median(logs), samples: logs });
    const { tunnel, direct } = await measureThroughput(connected.sandbox);
    report({ metric: "tunnel_mbit_per_s", value: tunnel, samples: { withoutTunnel: Math.round(direct) } });
    await reportCostOfPair(connected, report);
  } finally {
    await connected.close();
  }
}

async function reportCostOfPair(connected: Connected, report: (figure: Figure) => void): Promise<void> {
  const other = await bringUpInVpc();
  try {
    await measureCreate(other);
    await connect(other);
    await reportCost([connected, other], report);
  } finally {
    await other.close();
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
async function reportFaults({ sandbox }: Connected, report: (figure: Figure) => void): Promise<void> {
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
