// What a service said before it failed, out of its journal. systemd files a service's own lines as informational, whatever level they
// name (systemd.exec(5), SyslogLevel=), so the level is read in the text.
import type { Host } from "../host/host.ts";

const MAX_LINES = 200;
const MAX_CHARACTERS = 500;

/** Levels of logrus, containerd's logger, in its text and in its JSON form; the worst come first. */
const LEVELS: readonly RegExp[] = [/\blevel"?[=:]"?(?:fatal|panic|error)\b/, /\blevel"?[=:]"?warn(?:ing)?\b/];
/** A plugin that is not loaded is a warning of containerd's, and the cause of what fails. */
const CRI_NOT_LOADED = /failed to load plugin.{0,40}io\.containerd\.(?:grpc\.v1\.cri|cri\.v1)\b/;

/** The line that says most, of those since a moment: why CRI is not loaded, else the last error, the last warning, the last line. */
export async function readLastWords(host: Host, unit: string, sinceMs: number): Promise<string> {
  const since = `--since=@${Math.floor(sinceMs / 1000)}`;
  const args = ["--unit", unit, since, `--lines=${MAX_LINES}`, "--output=cat", "--no-pager"];
  const { stdout } = await host.run("journalctl", args);
  return `its last words: ${pickLine(stdout.trim().split("\n")).trim().slice(0, MAX_CHARACTERS) || "none"}`;
}

function pickLine(lines: readonly string[]): string {
  for (const pattern of [CRI_NOT_LOADED, ...LEVELS]) {
    const found = lines.findLast((line) => pattern.test(line));
    if (found !== undefined) return found;
  }
  return lines.at(-1) ?? "";
}
