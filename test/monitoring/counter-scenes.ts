// Scenes of what is counted: an early text and a later one, since an alert asks how much more there is.
import { waitFor } from "../sandbox/wait.ts";
import { readMetrics, type Scene } from "./scene.ts";

const SYSCTL = "/etc/sysctl.d/90-eks-satellite.conf";
const MANY = 7;

/** kubelet that ends again and again, at its first end and several later. */
export const crashLoop: Scene = {
  name: "kubelet-crash-loop",
  play: async (satellite, record) => {
    const untilEnded = async (times: number) => {
      const wait = { what: `${times} ends of kubelet`, deadlineMs: 600_000, intervalMs: 500 };
      const before = (await satellite.status()).kubelet.restarts;
      await waitFor(wait, async () => (await satellite.status()).kubelet.restarts >= before + times);
    };
    await satellite.configure({ kubelet: { flags: { "no-such-flag": "1" } } });
    await untilEnded(1);
    await record(1);
    await untilEnded(4);
    await record(2);
  },
  tidy: (satellite) => satellite.restore(),
};

export const startedAgain: Scene = {
  name: "started-again",
  play: async (satellite, record) => {
    for (let part = 1; part <= 5; part += 1) {
      await satellite.systemctl("restart");
      await satellite.untilHealthy(120_000);
      await record(part);
    }
  },
};

/** A managed file that another program changes as often as the daemon repairs it. */
export const contested: Scene = {
  name: "repairs",
  play: async (satellite, record) => {
    await satellite.configure({ intervals: { convergeSeconds: 1 } });
    await satellite.untilHealthy(120_000);
    const change = async () => {
      const own = await satellite.read(SYSCTL);
      await satellite.box("/bin/sh", "-c", `echo '# edited' >> ${SYSCTL}`);
      const wait = { what: "a repair", deadlineMs: 30_000, intervalMs: 200 };
      await waitFor(wait, async () => (await satellite.read(SYSCTL)) === own);
    };
    await change();
    await record(1);
    for (let times = 0; times < MANY; times += 1) await change();
    await record(2);
  },
  tidy: (satellite) => satellite.restore(),
};

/** An image that no registry has: nothing answers on that port of the machine. */
function renderPod(name: string): string {
  const spec = { hostNetwork: true, containers: [{ name: "app", image: `127.0.0.1:9/none/${name}:1` }] };
  return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec });
}

export const imagePulls: Scene = {
  name: "image-pulls",
  play: async (satellite, record) => {
    const failures = async () => {
      const text = await readMetrics(satellite);
      const found = text.matchAll(/^eks_satellite_image_pull_failures_total\{.*\} (\d+)$/gm);
      return Array.from(found, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
    };
    const untilFailed = (times: number) =>
      waitFor(
        { what: `${times} pulls to fail`, deadlineMs: 240_000, intervalMs: 500 },
        async () => (await failures()) >= times,
      );
    const names = Array.from({ length: MANY }, (_, index) => `none-${index}`);
    await satellite.sandbox.kubectl(["apply", "--filename=-"], renderPod("first"));
    await untilFailed(1);
    await record(1);
    await satellite.sandbox.kubectl(["apply", "--filename=-"], names.map(renderPod).join("\n"));
    await untilFailed((await failures()) + MANY);
    await record(2);
    await satellite.sandbox.kubectl(["delete", "pod", "first", ...names, "--grace-period=0", "--force"]);
  },
};
