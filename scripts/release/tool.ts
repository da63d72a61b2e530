// Runs the system's tools with an environment that cannot change what they write.
import { type ExecaError, execa } from "execa";
import { SatelliteError } from "../../agent/errors.ts";

/** Where a tool comes from, for those who lack it. */
const PACKAGES: Readonly<Record<string, string>> = {
  "apt-cache": "apt",
  "apt-get": "apt",
  "apt-mark": "apt",
  "dpkg-deb": "dpkg",
  git: "git",
  gpg: "gpg",
  gpgconf: "gpgconf",
  gzip: "gzip",
  npm: "npm",
  "ssh-keygen": "openssh-client",
  tar: "tar",
  xz: "xz-utils",
};

/** How a tool is run, where it matters. */
export interface ToolOptions {
  /** Working folder; the caller's own when left out. */
  readonly cwd?: string;
  /** Variables beside PATH, HOME, LC_ALL and TZ. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What it reads from its standard input; nothing when left out. */
  readonly input?: string;
}

/**
 * Runs a tool to its end. TAR_OPTIONS, GZIP, XZ_DEFAULTS and their like are kept from it: the same input shall give the same bytes.
 * @returns what it wrote to its standard output, without the last newline
 * @throws SatelliteError `tool-missing`, `tool-failed` with what the tool wrote to its standard error
 */
export async function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const { PATH, HOME } = process.env;
  try {
    const { stdout } = await execa(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      extendEnv: false,
      env: { PATH, HOME, LC_ALL: "C", TZ: "UTC", ...options.environment },
      ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
    });
    return stdout;
  } catch (error) {
    const { code, shortMessage, stderr } = error as ExecaError;
    if (code === "ENOENT") {
      const name = PACKAGES[command] ?? command;
      throw new SatelliteError("tool-missing", `${command} is not in PATH`, {
        hint: `Install it: apt-get install ${name}.`,
      });
    }
    const said = typeof stderr === "string" && stderr.trim() !== "" ? `: ${stderr.trim().split("\n").at(-1)}` : "";
    throw new SatelliteError("tool-failed", `${shortMessage ?? command}${said}`);
  }
}
