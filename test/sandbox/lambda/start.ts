// What `up --lambda` starts: Lambda's API with an account, and what boots its machines.
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Addresses } from "../addresses.ts";
import { isListening } from "../aws.ts";
import { ensureLambdaCertificate } from "../certificates.ts";
import { clean } from "../environment.ts";
import { lastLines, startDaemon } from "../process.ts";
import { writeAtomic } from "../state.ts";
import { waitFor } from "../wait.ts";
import { keyFile, lambdaFolder, newAccount, readAccount, writeAccount } from "./account.ts";
import { writeSettings } from "./settings.ts";

/** Its name among the sandbox's daemons. */
export const lambdaDaemon = "lambda";

/** Starts it unless it runs; an account that is there stays, and every fault is removed. */
export async function startLambda(folder: string, { lambda }: Addresses): Promise<void> {
  await ensureAccount(folder);
  await ensureLambdaCertificate(folder);
  await writeSettings(folder, {});
  const command: [string, string, string] = [process.execPath, join(import.meta.dirname, "main.ts"), folder];
  await startDaemon(folder, { name: lambdaDaemon, command, restartOn: await sourceText() });
  const wait = { what: `Lambda to listen on ${lambda}:443`, deadlineMs: 30_000 };
  await waitFor({ ...wait, explain: () => lastLines(folder, lambdaDaemon) }, () => isListening(lambda));
}

async function ensureAccount(folder: string): Promise<void> {
  if ((await readAccount(folder)) !== undefined) return;
  await mkdir(lambdaFolder(folder), { recursive: true, mode: 0o700 });
  const sshKey = join(lambdaFolder(folder), "ssh-key");
  if (!existsSync(sshKey))
    await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "work", "-f", sshKey], clean());
  const key = `secret_sandbox_${randomBytes(16).toString("hex")}`;
  await writeAtomic(keyFile(folder), `${key}\n`, 0o600);
  await writeAccount(folder, newAccount(key, (await readFile(`${sshKey}.pub`, "utf8")).trim()));
}

/** An edit of its program restarts it at the next `up`; the machine runs on. */
async function sourceText(): Promise<string> {
  const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".ts")).sort();
  return (await Promise.all(names.map((name) => readFile(join(import.meta.dirname, name), "utf8")))).join("");
}
