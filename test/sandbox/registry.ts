// Docker's registry, twice on one store: behind ECR's front, which alone reaches it, and as a mirror with a certificate authority of its own.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import type { Addresses } from "./addresses.ts";
import { ensureRegistryCertificate } from "./certificates.ts";
import { ensureRegistry } from "./debian.ts";
import { inNamespace } from "./network.ts";
import { lastLines, startDaemon } from "./process.ts";
import { writeAtomic } from "./state.ts";
import type { Progress } from "./step.ts";
import { waitFor } from "./wait.ts";

/** Where test/sandbox/aws/registry.py looks for it. */
const behindEcr = "127.0.0.1:5000";
const mirrorPort = 5443;

/** URL of the mirror, whose authority is {@link mirrorAuthority}. */
export function mirrorUrl(addresses: Addresses): string {
  return `https://${addresses.control}:${mirrorPort}`;
}

/** The certificate authority of the mirror, as PEM in a file of the host. */
export function mirrorAuthority(folder: string): string {
  return join(folder, "pki", "mirror-ca.crt");
}

/** Starts both unless they run. */
export async function startRegistry(folder: string, addresses: Addresses, progress: Progress): Promise<void> {
  const program = await ensureRegistry(progress);
  await progress.step("image registry", async () => {
    await ensureRegistryCertificate(folder, addresses.control);
    const pki = join(folder, "pki");
    const tls = { certificate: join(pki, "registry-mirror.crt"), key: join(pki, "registry-mirror.key") };
    await start(folder, addresses, program, { name: "registry", http: { addr: behindEcr } });
    const addr = `${addresses.control}:${mirrorPort}`;
    await start(folder, addresses, program, { name: "registry-mirror", http: { addr, tls } });
  });
}

interface Instance {
  readonly name: string;
  readonly http: { readonly addr: string; readonly tls?: object };
}

async function start(folder: string, { awsNamespace }: Addresses, program: string, { name, http }: Instance) {
  const store = join(folder, "registry");
  await mkdir(store, { recursive: true });
  const config = join(store, `${name}.yaml`);
  const text = stringify({
    version: 0.1,
    log: { accesslog: { disabled: false }, level: "info" },
    storage: { filesystem: { rootdirectory: join(store, "images") } },
    http,
  });
  await writeAtomic(config, text);
  const command = inNamespace(awsNamespace, [program, "serve", config]);
  if (!(await startDaemon(folder, { name, command, restartOn: text }))) return;
  const wait = { what: `${name} to listen`, deadlineMs: 15_000, explain: () => lastLines(folder, name) };
  await waitFor(wait, async () => (await lastLines(folder, name)).includes("listening on"));
}
