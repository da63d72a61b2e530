// Docker on the machine as its user has it: a container that runs, with a published port, before there was a cluster.
import { renderPageImage } from "../images.ts";
import { waitFor } from "../wait.ts";
import type { Machine } from "./machine.ts";

/** The container's name, and the port of the machine on which it serves {@link userPage}. */
export const userContainer = "users-own";
export const userPort = 9080;
export const userPage = "the user's own page\n";

const image = "users-own:1";
const archive = "/var/tmp/users-own.tar";

/** Starts the container unless it is there; Docker starts it again after a boot. */
export async function startUserContainer(machine: Machine): Promise<void> {
  const docker = (...args: string[]) => machine.run(["docker", ...args]);
  const isUp = async () => (await machine.run(["docker", "version"], { mayFail: true })).exitCode === 0;
  await waitFor({ what: "Docker in the machine to answer", deadlineMs: 120_000, intervalMs: 500 }, isUp);
  const names = (await docker("ps", "--all", "--format={{.Names}}")).stdout.split("\n");
  if (names.includes(userContainer)) return;
  await machine.write(archive, await renderPageImage(image, userPage));
  await docker("load", "--quiet", `--input=${archive}`);
  await machine.remove(archive);
  const run = ["run", "--detach", "--restart=unless-stopped", `--name=${userContainer}`];
  await docker(...run, `--publish=${userPort}:8080`, image);
}
