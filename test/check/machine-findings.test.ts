// What check finds wrong with the machine, its containerd and its kubelet.
import { CONFIG_FILE } from "../fakes/check-machine.ts";
import { testFindings } from "../fakes/findings.ts";
import { becomeGpuMachine, readGpuMachine } from "../fakes/gpu-machine.ts";
import { MINIMAL_CONFIG } from "../fakes/samples.ts";

testFindings([
  [
    "os",
    "another distribution",
    ({ host }) => host.files.put("/etc/os-release", "ID=fedora\nVERSION_ID=42\n"),
    "warn",
    /fedora 42/,
  ],
  [
    "architecture",
    "a machine of another kind",
    ({ host }) => (host.system = { ...host.system, architecture: "riscv64" }),
    "fail",
    /riscv64/,
  ],
  ["root", "a user other than root", ({ host }) => (host.userId = 1000), "warn", /user 1000/],
  [
    "mount-propagation",
    "a private root",
    ({ host }) => host.files.put("/proc/self/mountinfo", "1 0 0:1 / / rw - ext4 x rw\n"),
    "fail",
    /make-rshared/,
  ],
  [
    "mount-namespace",
    "another mount namespace",
    ({ host }) => host.files.putLink("/proc/self/ns/mnt", "mnt:[1]"),
    "fail",
    /PrivateTmp/,
  ],
  [
    "disk",
    "a full disk",
    ({ host }) =>
      host.files.spaces.set("/var/log", { totalBytes: 100, availableBytes: 5, totalInodes: 0, freeInodes: 0 }),
    "fail",
    /\/var\/log has 5 %/,
  ],
  [
    "disk",
    "a file system that takes no writes",
    ({ host }) => host.files.spaces.set("/var/log", { ...host.files.defaultSpace, isReadOnly: true }),
    "fail",
    /file system of \/var\/log is read-only/,
  ],
  [
    "memory",
    "little memory",
    ({ host }) => (host.system = { ...host.system, memoryBytes: 2 ** 30 }),
    "warn",
    /1\.0 GiB/,
  ],
  ["swap", "swap", ({ host }) => (host.system = { ...host.system, swapBytes: 2 ** 30 }), "fail", /swapoff/],
  [
    "open-files",
    "few files",
    ({ host }) => host.files.put("/proc/1/limits", "Max open files  1024  4096  files\n"),
    "warn",
    /4096/,
  ],
  [
    "kernel",
    "no overlay",
    ({ host }) => {
      host.install("modprobe", () => ({ exitCode: 1 }));
    },
    "fail",
    /overlay/,
  ],
  [
    "gpu",
    "a GPU without a driver",
    ({ host }) => {
      host.files.put("/sys/bus/pci/devices/a/vendor", "0x10de\n");
      host.files.put("/sys/bus/pci/devices/a/class", "0x030200\n");
    },
    "warn",
    /no driver/,
  ],
  [
    "gpu",
    "no GPU where one is required",
    ({ host }) => host.files.put(CONFIG_FILE, `${MINIMAL_CONFIG}gpu: { mode: required }\n`),
    "fail",
    /there is no NVIDIA GPU on the PCI bus .*gpu\.mode: auto/,
  ],
  [
    "gpu",
    "a GPU off the bus",
    ({ host }) => becomeGpuMachine(host, readGpuMachine("h100-off-the-bus")),
    "fail",
    /1 of 8 GPUs not answering: 0000:3a:00\.0 \(Xid 79: .*\) Action: reboot\./,
  ],
  [
    "gpu",
    "uncorrected ECC errors",
    ({ host }) => becomeGpuMachine(host, readGpuMachine("ecc-uncorrected")),
    "fail",
    /GPU 0000:06:00\.0: 2 uncorrected ECC errors .*Action: reset the GPU\./,
  ],
  [
    "gpu",
    "no fabric manager",
    ({ host }) => becomeGpuMachine(host, readGpuMachine("h100-no-fabric-manager")),
    "warn",
    /error 802 .*nvidia-fabricmanager; its version must be the driver's, 570\.133\.20/,
  ],
  [
    "gpu",
    "persistence mode that is off",
    ({ host }) => {
      const machine = readGpuMachine("a10");
      const rows = machine.nvidiaSmi.rows.map((row) => ({ ...row, persistence_mode: "Disabled" }));
      becomeGpuMachine(host, { ...machine, nvidiaSmi: { ...machine.nvidiaSmi, rows } });
    },
    "warn",
    /1 × NVIDIA A10, driver 550\.54\.15, no fault; persistence mode is off.*nvidia-persistenced/,
  ],
  [
    "containerd",
    "an old containerd",
    ({ host }) => host.install("/usr/bin/containerd", () => ({ stdout: "containerd containerd.io v1.4.3 x" })),
    "fail",
    /1\.4\.3/,
  ],
  ["cri", "a containerd that is down", ({ containerd }) => containerd.stop(), "fail", /does not answer/],
  [
    "cgroup-driver",
    "another cgroup driver",
    ({ host }) => host.files.put("/etc/containerd/config.toml", "version = 2\n[a]\nSystemdCgroup = false\n"),
    "fail",
    /something else/,
  ],
  ["cni-plugins", "no loopback plugin", ({ host }) => host.files.drop("/opt/cni/bin/loopback"), "fail", /loopback/],
  ["kubelet", "no kubelet", ({ host }) => host.files.drop("/usr/bin/kubelet"), "fail", /no kubelet/],
]);
