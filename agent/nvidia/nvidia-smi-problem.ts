// Explains why nvidia-smi does not answer, by its exit code and output.
import { describe, SatelliteError } from "../errors.ts";
import type { RunResult } from "../host/host.ts";
import { optional } from "../optional.ts";
import type { StuckCall } from "./guarded-command.ts";
import { unreachableBusIds } from "./nvidia-smi-output.ts";

/** Turns the error of a call into nvidia-smi-stuck, nvidia-smi-missing, nvidia-smi-timeout or nvidia-smi-failed. */
export function explainThrown(error: unknown): SatelliteError {
  const { code } = describe(error);
  if (code === "nvidia-smi-stuck" && error instanceof SatelliteError) return error;
  if (code === "command-missing") {
    return new SatelliteError("nvidia-smi-missing", "the driver is loaded, and there is no nvidia-smi", {
      hint: "Install the driver's utilities of the same version (apt-get install nvidia-utils-…-server).",
      cause: error,
    });
  }
  if (code === "command-timeout") return new SatelliteError("nvidia-smi-timeout", describe(error).message);
  return new SatelliteError("nvidia-smi-failed", "nvidia-smi could not be run", { cause: error });
}

/** Explains a call that cannot be killed. */
export function explainStuck({ args, pid, seconds }: StuckCall): SatelliteError {
  const which = pid === undefined ? `nvidia-smi ${args?.[0] ?? ""}` : `nvidia-smi (process ${pid})`;
  return new SatelliteError(
    "nvidia-smi-stuck",
    `${which} hangs in the kernel for ${seconds} s and cannot be killed; no other call is started meanwhile`,
  );
}

/** Whether nvidia-smi warns of it, which some versions do with exit code 0. */
export function isInforomCorrupt(output: string): boolean {
  return /infoROM is corrupt/i.test(output);
}

/** Explains an exit code (nvidia-smi(1), "RETURN VALUE"), or the message that some versions print with another code. */
export function explainExit({ exitCode, stdout, stderr }: RunResult): SatelliteError {
  const output = `${stdout}\n${stderr}`.trim();
  const shown = output.split("\n").at(-1)?.slice(0, 200) ?? "";
  const failed = (code: string, what: string, hint?: string) =>
    new SatelliteError(code, `${what} (nvidia-smi exits with ${exitCode}: ${shown})`, optional({ hint }));
  if (/driver\/library version mismatch/i.test(output))
    return failed(
      "gpu-driver-mismatch",
      "the loaded driver and the installed libraries differ in version",
      "An upgrade replaced the libraries while the old driver is loaded: kubectl drain, then systemctl reboot.",
    );
  if (exitCode === 9 || /couldn't communicate with the NVIDIA driver/i.test(output))
    return failed(
      "gpu-driver-not-loaded",
      "the NVIDIA driver does not answer",
      "modprobe nvidia; dmesg | grep NVRM says why it fails. After a kernel upgrade: dkms status.",
    );
  if (exitCode === 12 || /couldn't find libnvidia-ml/i.test(output))
    return failed(
      "gpu-library-missing",
      "there is no libnvidia-ml.so",
      "Install the driver's libraries of the same version (apt-get install libnvidia-compute-…-server); ldconfig.",
    );
  return (
    explainGpuExit(exitCode, output, failed) ??
    failed("nvidia-smi-failed", "nvidia-smi fails", "Run nvidia-smi by hand; dmesg | grep NVRM.")
  );
}

type Failed = (code: string, what: string, hint?: string) => SatelliteError;

/** Explains an exit that is due to a GPU; undefined when it is not. */
function explainGpuExit(exitCode: number, output: string, failed: Failed): SatelliteError | undefined {
  if (exitCode === 14 || isInforomCorrupt(output))
    return failed("gpu-inforom-corrupt", "the infoROM of a GPU is corrupt");
  if (exitCode === 8)
    return failed(
      "gpu-power-cable",
      "the external power of a GPU is not attached properly",
      "Have the power cables of the GPUs checked.",
    );
  if (exitCode === 10)
    return failed(
      "gpu-interrupt-lost",
      "the kernel has a problem with the interrupts of a GPU",
      "dmesg | grep -i irq.",
    );
  if (exitCode === 15 || /gpu is lost|fallen off the bus/i.test(output))
    return failed("gpu-fell-off-bus", "a GPU has fallen off the bus");
  if (unreachableBusIds(output).length > 0) return failed("gpu-unreachable", "a GPU cannot be opened");
  return undefined;
}
