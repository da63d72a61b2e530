// The program of the application in the VPC, in another place: it answers each request with the asker's address.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

/** Serves on an address of a network namespace until it is ended; who asks at once may come too early. */
export function serveOn(namespace: string, address: string, port: number): ChildProcess {
  const program = join(import.meta.dirname, "../../sandbox/services/app-server.ts");
  const command = ["netns", "exec", namespace, process.execPath, program, address, String(port)];
  return spawn("ip", command, { stdio: "ignore" });
}
