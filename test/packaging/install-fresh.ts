// install.sh on machines that have nothing yet, with the mirror that install-runner.ts starts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, type TestContext } from "node:test";
import { Machine, type Outcome, type RunOptions } from "./install-machine.ts";
import { OLD, tarballName } from "./install-mirror.ts";
import { CLUSTER, install as installFrom, mirror } from "./install-runner.ts";
import { TOP } from "./sample-release.ts";

export { mirror } from "./install-runner.ts";

/** The certificate of {@link startRedirector}, which is not trusted by itself. */
export const CERTIFICATE = join(TOP, "test/fixtures/certificates/localhost.pem");
const KEY = join(TOP, "test/fixtures/certificates/localhost.key");
export const TARBALL = `/download/v${OLD}/${tarballName(OLD)}`;
export const SUMS = `/download/v${OLD}/SHA256SUMS`;
export const SIGNATURE = `${SUMS}.sig`;

afterEach(() => {
  mirror.faults.clear();
  mirror.requests.length = 0;
});

/** `--version OLD`, unless the arguments say what to install. */
export function install(machine: Machine, args: readonly string[] = ["--version", OLD], options: RunOptions = {}) {
  return installFrom(machine, [...CLUSTER, "--skip-start", ...args], options);
}

/** Runs it where it must fail, and looks that the machine is as it was. */
export async function refused(args?: readonly string[], options?: RunOptions): Promise<Outcome> {
  const machine = await Machine.create();
  const before = machine.picture();
  const outcome = await install(machine, args, options);
  assert.equal(outcome.exitCode, 1, outcome.stdout);
  // The release is unpacked in /opt, and removed again when it is not what it should be.
  assert.deepEqual({ ...machine.picture(), opt: "" }, { ...before, opt: "" });
  assert.deepEqual(machine.calls(), []);
  return outcome;
}

/** Starts a server with TLS that redirects every request to the mirror's http, and returns its URL. */
export async function startRedirector(context: TestContext, options: ServerOptions = {}): Promise<string> {
  const server = createServer({ key: readFileSync(KEY), cert: readFileSync(CERTIFICATE), ...options });
  server.on("request", (_, response) => void response.writeHead(302, { location: mirror.url }).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

/** The SHA-256 of the older release's tarball, as the mirror publishes it. */
export function publishedSum(): string {
  const line = readFileSync(join(mirror.folder, SUMS), "utf8")
    .split("\n")
    .find((each) => each.endsWith(tarballName(OLD)));
  assert.ok(line !== undefined, "the mirror has it");
  return line.slice(0, 64);
}
