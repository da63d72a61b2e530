// The real machine.
import { arch, cpus, networkInterfaces, hostname as readHostname, release as readKernel, totalmem } from "node:os";
import { parseEnv } from "node:util";
import { askNameServer, resolveName } from "./dns.ts";
import { download } from "./download.ts";
import { callGrpc } from "./grpc.ts";
import type { Files, Host, SystemInformation } from "./host.ts";
import { followLines } from "./http.ts";
import { createLaptopHost } from "./laptop/laptop-host.ts";
import { createLinuxFiles } from "./linux-files.ts";
import { killProcess, runCommand, spawnChild } from "./linux-processes.ts";
import { createChangeKnocker, createKnocker, createPulse } from "./reach/knock.ts";
import { reachTcp } from "./reach/tcp.ts";

/** Creates the handle on this machine. */
export function createLinuxHost(): Host {
  const files = createLinuxFiles();
  return {
    ...createLaptopHost(),
    files,
    processId: process.pid,
    random: Math.random,
    run: runCommand,
    spawn: spawnChild,
    kill: killProcess,
    reach: reachTcp,
    knock: createKnocker(),
    pulse: createPulse(),
    knockForChange: createChangeKnocker(),
    download,
    resolve: resolveName,
    askNameServer,
    follow: followLines,
    grpc: callGrpc,
    systemInformation: createSystemReader(files),
  };
}

/** Reads the kernel's answers and /etc/os-release each time: a distribution may be upgraded while the daemon runs. */
function createSystemReader(files: Files): () => Promise<SystemInformation> {
  // It costs milliseconds to read, and does not change.
  const cpuCount = cpus().length;
  return async () => {
    const [memory = "", release = ""] = await Promise.all([
      files.read("/proc/meminfo"),
      files.read("/etc/os-release").catch(() => ""), // os-release(5): it may be missing.
    ]);
    const swapKibibytes = /^SwapTotal:\s+(\d+) kB$/m.exec(memory)?.[1];
    return {
      hostname: readHostname(),
      architecture: arch(),
      kernel: readKernel(),
      operatingSystem: parseEnv(release).PRETTY_NAME ?? "Linux",
      cpuCount,
      memoryBytes: totalmem(),
      swapBytes: Number(swapKibibytes ?? 0) * 1024,
      addresses: Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
        addresses
          .filter(({ internal }) => !internal)
          .map(({ address, family }) => ({ interface: name, address, family })),
      ),
    };
  };
}
