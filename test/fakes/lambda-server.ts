// The sandbox's Lambda behind real TLS on the loopback interface, and a host that reaches it: its clock jumps, so that no test waits.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { LambdaAccess } from "../../agent/admin/lambda/access.ts";
import type { Host } from "../../agent/host/host.ts";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { Secret } from "../../agent/secret.ts";
import { newAccount, writeAccount } from "../sandbox/lambda/account.ts";
import { LambdaServer } from "../sandbox/lambda/server.ts";
import { localhost } from "./certificates.ts";

const KEY = "key-of-the-sandbox";

/** Starts it for one test. */
export async function startLambda(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "lambda-"));
  await writeAccount(folder, newAccount(KEY, "ssh-ed25519 AAAA work"));
  let nowMs = 0;
  const server = new LambdaServer({ folder, tls: localhost, now: () => nowMs });
  const port = await server.listen("127.0.0.1");
  context.after(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const linux = createLinuxHost();
  const host: Pick<Host, "fetch" | "clock"> = {
    fetch: (request) => linux.fetch({ ...request, caPem: localhost.cert }),
    clock: {
      now: () => nowMs,
      monotonic: () => nowMs,
      sleep: async (milliseconds, signal) => {
        signal?.throwIfAborted();
        nowMs += milliseconds;
      },
    },
  };
  const access: LambdaAccess = {
    baseUrl: `https://localhost:${port}/api/v1`,
    key: new Secret(KEY),
    keySource: "the test",
  };
  return { host, access, folder, server };
}
