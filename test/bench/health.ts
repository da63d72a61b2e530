// What an operator waits for: the health endpoint under load, and check with and without a network.
import type { Sandbox } from "../sandbox/sandbox.ts";

const NODE = "/opt/eks-satellite/bin/node";
const CLIENTS = 4;
const LOAD_SECONDS = 10;
const SCRAPES = 20;

/** Fetches on one kept-alive connection a client, and prints every duration in milliseconds. */
const LOAD = `
const { Agent, get } = require("node:http");
const [path, clients, seconds, most] = process.argv.slice(1);
const fetchOnce = (agent) => new Promise((resolve, reject) => {
  const began = performance.now();
  get({ host: "127.0.0.1", port: 9911, path, agent }, (response) => {
    response.resume().on("end", () => response.statusCode === 200 ? resolve(performance.now() - began) : reject(new Error(String(response.statusCode))));
  }).on("error", reject);
});
const until = performance.now() + seconds * 1000;
const durations = [];
const client = async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (performance.now() < until && durations.length < most) durations.push(await fetchOnce(agent));
  agent.destroy();
};
Promise.all(Array.from({ length: clients }, client)).then(() => console.log(JSON.stringify(durations)));
`;

/** Durations of /status with four clients for ten seconds, milliseconds. */
export function measureStatus(sandbox: Sandbox): Promise<readonly number[]> {
  return load(sandbox, "/status", CLIENTS, LOAD_SECONDS, Number.MAX_SAFE_INTEGER);
}

/** Durations of scrapes one after the other, milliseconds; the first one, which loads prom-client, is among them. */
export function measureMetrics(sandbox: Sandbox): Promise<readonly number[]> {
  return load(sandbox, "/metrics", 1, 60, SCRAPES);
}

/** The value below which 99 of 100 are. */
export function percentile99(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN;
}

/** Seconds that `eks-satellite check` takes, whatever it finds. */
export async function measureCheck(sandbox: Sandbox): Promise<number> {
  const began = performance.now();
  await sandbox.box(["eks-satellite", "check"], { mayFail: true });
  return (performance.now() - began) / 1000;
}

/** The same with the machine's link to AWS and to the cluster cut. */
export async function measureCheckCut(sandbox: Sandbox): Promise<number> {
  await sandbox.link("down");
  return measureCheck(sandbox).finally(() => sandbox.link("up"));
}

async function load(sandbox: Sandbox, path: string, clients: number, seconds: number, most: number): Promise<number[]> {
  const { stdout } = await sandbox.box([NODE, "-e", LOAD, path, String(clients), String(seconds), String(most)]);
  return JSON.parse(stdout);
}
