// `eks-satellite tunnel-key`: this machine's public key in the tunnel, for an administrator who enters it by hand.
import type { Command } from "commander";
import type { Host } from "../../host/host.ts";
import { ensurePublicKey } from "../../network/key-file.ts";
import type { CommandContext, Print } from "../context.ts";
import { type OutputFormat, outputOption } from "../options.ts";
import { rotateKey } from "./rotate.ts";

/** Adds `tunnel-key`. */
export function register(program: Command, { host, print, exitWith }: CommandContext): void {
  program
    .command("tunnel-key")
    .description("print this machine's public WireGuard key; a key that is missing is made")
    .option("--rotate", "let the daemon change to a new key, while packets pass, and wait until it has")
    .addOption(outputOption())
    .action(async ({ output, rotate }: { output: OutputFormat; rotate?: boolean }) =>
      exitWith(await tunnelKeyCommand(host, print, { output, isRotated: rotate === true })),
    );
}

/** Prints the key on a line of its own, or as JSON. @throws tunnel-key-invalid, tunnel-key-exposed, file-unreadable, file-unwritable, disk-full, and what {@link rotateKey} throws */
export async function tunnelKeyCommand(
  host: Pick<Host, "files" | "userId" | "clock">,
  print: Print,
  { output = "text", isRotated = false }: { readonly output?: OutputFormat; readonly isRotated?: boolean } = {},
): Promise<number> {
  const publicKey = isRotated ? await rotateKey(host) : await ensurePublicKey(host);
  print(output === "json" ? `${JSON.stringify({ publicKey })}\n` : `${publicKey}\n`);
  return 0;
}
