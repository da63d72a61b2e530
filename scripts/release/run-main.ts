// What the two programs of a release end with: an exit code, or an error in words.
import { describe, SatelliteError } from "../../agent/errors.ts";

/** Runs a program with the arguments that it was given. An error that is not ours is a fault of the program: its stack is shown. */
export async function runMain(main: (args: readonly string[]) => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    const { code, message, hint } = describe(error);
    process.stderr.write(`${code}: ${message}\n${hint === undefined ? "" : `  ${hint}\n`}`);
    if (!(error instanceof SatelliteError)) process.stderr.write(`${(error as Error).stack}\n`);
    process.exitCode = 1;
  }
}
