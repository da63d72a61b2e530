// A machine with a kernel, a disk and a clock of its own: QEMU boots Debian's kernel on a disk of Debian's files.
import { rm } from "node:fs/promises";
import { processesIn } from "../network.ts";
import { isAlive, lastLines, runningDaemon, startDaemon, stopDaemon } from "../process.ts";
import { type Arch, isForeign } from "../processor.ts";
import { waitFor } from "../wait.ts";
import { findAcceleratorOf } from "./accelerator.ts";
import { copyDiskFolder, readDiskFile, readDiskFolder } from "./disk.ts";
import { handOver } from "./hand-over.ts";
import type { CommandOptions, CommandResult, Machine, MachinePlace } from "./machine.ts";
import { diskId, qemuCommand } from "./qemu.ts";
import { askQemu, qmpPath } from "./qmp.ts";
import { closeConnection, openConnection, runOverSsh } from "./ssh.ts";
import { ensureTaps } from "./taps.ts";

const daemonName = "machine";

/** Under TCG, on a host that is busy. */
const bootMs = 300_000;
/** A foreign processor's took 182 s at the lowest priority, where the host's own took 138 s. */
const foreignBootMs = 600_000;
const powerOffMs = 120_000;

/** What is larger than this comes in faster by HTTP. */
const largeBytes = 1024 * 1024;

/** In the machine: each connection would take a second of what it boots with. */
const untilBooted = "until systemctl is-active --quiet multi-user.target; do sleep 1; done";

/** A virtual machine; its files are on a disk that the host sees only while it is off. */
export class VirtualMachine implements Machine {
  readonly #place: MachinePlace;
  readonly #base: string;
  readonly #arch: Arch;

  /** `base` is the folder with the kernel. */
  constructor(place: MachinePlace, base: string, arch: Arch) {
    this.#place = place;
    this.#base = base;
    this.#arch = arch;
  }

  connect(): Promise<void> {
    return ensureTaps(this.#place.addresses);
  }

  async boot(): Promise<void> {
    if (!(await this.#process())) {
      await this.cutPower();
      const [base, arch] = [this.#base, this.#arch];
      const accelerator = await findAcceleratorOf(arch, base);
      const command = qemuCommand(this.#place, { base, arch, accelerator });
      await startDaemon(this.#place.folder, { name: daemonName, command });
    }
    const explain = () => lastLines(this.#place.folder, daemonName);
    const deadlineMs = isForeign(this.#arch) ? foreignBootMs : bootMs;
    await waitFor({ what: "the machine to boot", deadlineMs, intervalMs: 500, explain }, async () => {
      const isBooted = ["/bin/sh", "-c", untilBooted];
      return (await runOverSsh(this.#place, isBooted, { mayFail: true, timeoutMs: 30_000 })).exitCode === 0;
    });
    await openConnection(this.#place);
  }

  async powerOff(): Promise<void> {
    const qemu = await this.#process();
    if (qemu) {
      await this.run(["systemctl", "poweroff"], { mayFail: true, timeoutMs: 30_000 });
      await waitFor({ what: "the machine to power off", deadlineMs: powerOffMs }, async () => {
        return !(await isAlive(qemu));
      }).catch(() => undefined); // cut off below
    }
    await this.cutPower();
  }

  /** SIGKILL of QEMU: what the guest has not flushed to its disk is lost with its memory. */
  async cutPower(): Promise<void> {
    const { folder, addresses } = this.#place;
    await stopDaemon(folder, daemonName, 0);
    await closeConnection(this.#place);
    await waitFor({ what: "the machine's last process to end", deadlineMs: 20_000, intervalMs: 20 }, async () => {
      return (await processesIn(addresses.machineNamespace)).length === 0;
    });
    await rm(qmpPath(addresses.slot), { force: true });
  }

  async run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.#run(command, options);
  }

  async describe(): Promise<string | undefined> {
    const qemu = await this.#process();
    const accelerator = qemu && (await findAcceleratorOf(this.#arch, this.#base));
    return qemu && `runs at ${this.#place.addresses.node}, its QEMU (${accelerator}) is pid ${qemu.pid}`;
  }

  async digest(path: string): Promise<string | undefined> {
    const { stdout } = await this.#run(["sha256sum", "--", path], { mayFail: true });
    return stdout.split(" ")[0] || undefined;
  }

  async read(path: string): Promise<Buffer | undefined> {
    if (!(await this.#process())) return readDiskFile(this.#place.folder, path);
    const found = await this.#run(["cat", path], { mayFail: true });
    if (found.exitCode === 0) return found.bytes;
    if (/No such file/.test(found.stderr)) return undefined;
    throw new Error(`cat ${path} in the machine: ${found.stderr}`);
  }

  async list(path: string): Promise<readonly string[]> {
    if (!(await this.#process())) return readDiskFolder(this.#place.folder, path);
    const found = await this.#run(["ls", "-A", path], { mayFail: true });
    return found.stdout.split("\n").filter(Boolean);
  }

  async write(path: string, content: Buffer | string, mode = 0o644): Promise<void> {
    const bytes = Buffer.from(content);
    const place = async (receive: string, how: { readonly content?: Buffer }) => {
      const script = `mkdir -p "$(dirname "$1")" && ${receive} > "$1.new" && chmod "$2" "$1.new" && mv "$1.new" "$1"`;
      await this.#run(["/bin/sh", "-c", script, "write", path, mode.toString(8)], how);
    };
    if (bytes.length < largeBytes) return place("cat", { content: bytes });
    const { host } = this.#place.addresses.uplink;
    await handOver(host, bytes, (url) => place(`curl --silent --show-error --fail ${url}`, {}));
  }

  async remove(...paths: readonly string[]): Promise<void> {
    await this.#run(["rm", "-rf", "--", ...paths]);
  }

  /** Copies a folder of the disk below one of the host while the machine is off, and returns the copy. */
  copyOut(path: string, target: string): Promise<string> {
    return copyDiskFolder(this.#place.folder, path, target);
  }

  /** Stops the machine's processors and its clocks, as a suspended machine's; {@link resume} lets them go on. */
  async suspend(): Promise<void> {
    await askQemu(qmpPath(this.#place.addresses.slot), "stop");
  }

  /** Lets a suspended machine go on where it was. */
  async resume(): Promise<void> {
    await askQemu(qmpPath(this.#place.addresses.slot), "cont");
  }

  /** Lets nothing more be written to the disk, as if it hung, or lets it be written to again. What is read comes as before. */
  async hangDisk(isHung: boolean): Promise<void> {
    // A byte a second; 0 is no limit.
    const limits = { bps: 0, bps_rd: 0, bps_wr: isHung ? 1 : 0, iops: 0, iops_rd: 0, iops_wr: 0 };
    await askQemu(qmpPath(this.#place.addresses.slot), "block_set_io_throttle", { device: diskId, ...limits });
  }

  async #run(command: readonly string[], options: CommandOptions & { readonly content?: Buffer } = {}) {
    if (!(await this.#process())) throw new Error("the machine does not run: start it with scripts/sandbox up");
    return runOverSsh(this.#place, command, options);
  }

  #process() {
    return runningDaemon(this.#place.folder, daemonName);
  }
}
