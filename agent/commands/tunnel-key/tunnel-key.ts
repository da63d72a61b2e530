// `eks-satellite tunnel-key`: this machine's public key in the tunnel, for an administrator who enters it by hand.
import type { Command } from "commander";
import type { Host } from "../../host/host.ts";
import { ensurePublicKey } from "../../network/key-file.ts";
import type { CommandContext, Print } from "../context.ts";

/** Adds `tunnel-key`. */
export function register(program: Command, { host, print, exitWith }: CommandContext): void {
  program
    .command("tunnel-key")
    .description("print this machine's public WireGuard key; a key that is missing is made")
    .action(async () => exitWith(await tunnelKeyCommand(host, print)));
}

/** Prints the key on a line of its own. @throws tunnel-key-invalid, tunnel-key-exposed, file-unreadable, file-unwritable, disk-full */
export async function tunnelKeyCommand(host: Pick<Host, "files" | "userId">, print: Print): Promise<number> {
  print(`${await ensurePublicKey(host)}\n`);
  return 0;
}
