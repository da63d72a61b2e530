// What is done to a node before its /metrics is recorded. The faults are those of scripts/faults where it has one.
import { readFile } from "node:fs/promises";
import type { ConditionType } from "../../agent/board/condition-types.ts";
import { logKernelLine, standInGpus } from "../e2e/gpu-stand-in.ts";
import { readGpuMachine } from "../fakes/gpu-machine.ts";
import { createFaults } from "../faults/faults.ts";
import { rolesAnywhereArns } from "../sandbox/aws.ts";
import { issueMachineCertificate } from "../sandbox/certificates.ts";
import { buildSigningHelper } from "../sandbox/go-builds.ts";
import { roleArn } from "../sandbox/state.ts";
import { Progress } from "../sandbox/step.ts";
import { waitFor } from "../sandbox/wait.ts";
import { contested, crashLoop, imagePulls, startedAgain } from "./counter-scenes.ts";
import { readMetrics, type Scene, untilFalse, untilReady } from "./scene.ts";

const CONFIG = "/etc/eks-satellite/config.yaml";
const PROVIDER = "/etc/eks/image-credential-provider/ecr-credential-provider";
const CERTIFICATE = "/etc/eks-satellite/node.crt";
const PRIVATE_KEY = "/etc/eks-satellite/node.key";
const GPU = "GPU-5c1b0000-0000-4000-8000-000000000001";
const XID_79 =
  "<3>[ 4711.000000] NVRM: Xid (PCI:0000:06:00): 79, pid=<unknown>, name=<unknown>, GPU has fallen off the bus.";
const CERTIFICATE_DAYS = 12;
const SOCAT = "/usr/bin/socat";

/** A fault of scripts/faults, recorded when its condition is false. */
function faultScene(name: string, fault: string, type: ConditionType): Scene {
  const found = createFaults().find((one) => one.name.startsWith(fault));
  if (found === undefined) throw new Error(`there is no fault ${fault}`);
  return {
    name,
    play: async (satellite, record) => {
      await found.prepare?.(satellite);
      await satellite.untilHealthy(180_000);
      await found.inject(satellite);
      await untilFalse(satellite, type);
      await record();
      await found.lift?.(satellite);
    },
    tidy: async (satellite) => {
      await found.tidy?.(satellite);
      await satellite.restore();
    },
  };
}

const gpus: readonly Scene[] = [
  {
    name: "gpu-healthy",
    play: async (satellite, record) => {
      await satellite.configure({ intervals: { runtimeSeconds: 5 } });
      await standInGpus(satellite, readGpuMachine("a10"), [GPU]);
      await satellite.untilReason("GpuRuntimeConfigured", "Configured", 120_000);
      await satellite.untilHealthy(120_000);
      await record();
    },
  },
  {
    name: "gpu-fault",
    play: async (satellite, record) => {
      await logKernelLine(satellite, XID_79);
      await untilFalse(satellite, "GpuHealthy");
      await record();
    },
    tidy: async (satellite) => void (await satellite.sandbox.reboot()),
  },
  {
    name: "gpu-lost",
    play: async (satellite, record) => {
      const machine = readGpuMachine("a10");
      const lost = { ...machine, nvidiaSmi: { ...machine.nvidiaSmi, rows: [] } };
      await standInGpus(satellite, lost, [GPU]);
      await untilFalse(satellite, "GpusPresent");
      await record();
    },
    tidy: (satellite) => standInGpus(satellite, readGpuMachine("a10"), [GPU]),
  },
];

/** A gateway at an address for documentation, which never answers. */
const tunnel = {
  mode: "static",
  address: "10.250.0.11",
  gateways: [{ publicKey: Buffer.alloc(32, 7).toString("base64"), endpoint: "192.0.2.7:51820", address: "10.0.1.5" }],
  vpcCidrs: ["10.0.0.0/16"],
  userspace: "allow",
};

export const SCENES: readonly Scene[] = [
  { name: "healthy", play: (_, record) => record() },
  {
    // The first answer after a boot: nothing has been asked yet.
    name: "starting",
    play: async (satellite, record) => {
      await satellite.sandbox.reboot();
      await record();
    },
  },
  startedAgain,
  faultScene("api-unreachable", "API endpoint unreachable", "ApiReachable"),
  faultScene("role-refused", "role trust broken", "CredentialsRenewed"),
  faultScene("clock-wrong", "clock off", "ClockInSync"),
  faultScene("disk-full", "disk 95 % full", "DiskAvailable"),
  crashLoop,
  contested,
  imagePulls,
  {
    name: "config-invalid",
    play: async (satellite, record) => {
      await satellite.box("/bin/sh", "-c", `echo 'nonsense: 1' >> ${CONFIG}`);
      await untilFalse(satellite, "ConfigValid");
      await record();
    },
    tidy: (satellite) => satellite.restore(),
  },
  {
    name: "artifacts-missing",
    play: async (satellite, record) => {
      await satellite.configure({ artifacts: { install: "never" } });
      await satellite.box("mv", PROVIDER, `${PROVIDER}.away`);
      await untilFalse(satellite, "ArtifactsInstalled");
      await untilReady(satellite);
      await record();
      await satellite.box("mv", `${PROVIDER}.away`, PROVIDER);
    },
    tidy: (satellite) => satellite.restore(),
  },
  {
    name: "tunnel-silent",
    play: async (satellite, record) => {
      await satellite.configure({ network: { tunnel } });
      await untilFalse(satellite, "TunnelUp");
      await untilReady(satellite);
      await record();
    },
    tidy: (satellite) => satellite.restore(),
  },
  {
    name: "certificate",
    play: async (satellite, record) => {
      const { folder, nodeName, machine } = satellite.sandbox;
      const { certificate, privateKey } = await issueMachineCertificate(folder, nodeName, CERTIFICATE_DAYS);
      await machine.write(
        "/usr/local/bin/aws_signing_helper",
        await readFile(await buildSigningHelper(new Progress())),
        0o755,
      );
      await satellite.write(CERTIFICATE, certificate);
      await satellite.write(PRIVATE_KEY, privateKey, "0600");
      const rolesAnywhere = { certificate: CERTIFICATE, privateKey: PRIVATE_KEY, roleArn, ...rolesAnywhereArns };
      await satellite.configure({ credentials: { keysFile: null, assumeRole: null, rolesAnywhere } });
      const source = async () => (await satellite.status()).credentials.source.startsWith("rolesAnywhere ");
      await waitFor({ what: "keys of the certificate", deadlineMs: 120_000, intervalMs: 500 }, source);
      await satellite.untilHealthy(120_000);
      await record();
    },
    tidy: (satellite) => satellite.restore(),
  },
  {
    // A program whose file leads to itself: whether it is there cannot be read.
    name: "loop-overdue",
    play: async (satellite, record) => {
      await satellite.box("/bin/sh", "-ec", `mv ${SOCAT} ${SOCAT}.away; ln -s socat ${SOCAT}`);
      const wait = { what: "a lag of six minutes", deadlineMs: 600_000, intervalMs: 5000 };
      await waitFor(wait, async () =>
        /^eks_satellite_loop_lag_seconds\{loop="supplies"\} (3[6-9]\d|[4-9]\d\d)$/m.test(await readMetrics(satellite)),
      );
      await record();
      await satellite.box("mv", `${SOCAT}.away`, SOCAT);
    },
  },
  ...gpus,
];
