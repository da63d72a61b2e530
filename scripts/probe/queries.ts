// What nvidia-smi and the rest of the machine are asked, and below which names the answers are kept.
import { CORE_FIELDS, OPTIONAL_FIELDS, REMAPPED_FIELDS } from "../../agent/nvidia/nvidia-smi-output.ts";

/** One command, its answer a file. */
export interface Query {
  /** Name of the file, without its ending. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Name of the query of the kernel's log. */
export const KERNEL_LOG = "dmesg-raw";
const FORMAT = "--format=csv,noheader,nounits";

/** Fields of `--query-gpu`, each asked alone: so it is seen which of them this version refuses, and in which words. */
export const GPU_FIELDS: readonly string[] = [...new Set<string>([...CORE_FIELDS, ...OPTIONAL_FIELDS])];

/** The query of one field. */
export function fieldQuery(field: string): Query {
  return { name: `field-${field}`, command: "nvidia-smi", args: [`--query-gpu=${field}`, FORMAT] };
}

/** The queries of the daemon itself, and those that show more. The most telling come first, in case one hangs. */
export const QUERIES: readonly Query[] = [
  smi("core", `--query-gpu=${CORE_FIELDS.join(",")}`, FORMAT),
  smi("optional", `--query-gpu=${OPTIONAL_FIELDS.join(",")}`, FORMAT),
  smi("remapped-rows", `--query-remapped-rows=${REMAPPED_FIELDS.join(",")}`, FORMAT),
  smi("compute", "--query", "--display=COMPUTE"),
  smi("query", "--query"),
  smi("table"),
  smi("list", "--list-gpus"),
  smi("help-query-gpu", "--help-query-gpu"),
  smi("help-query-remapped-rows", "--help-query-remapped-rows"),
  smi("refused-field", "--query-gpu=no.such.field", FORMAT),
  smi("nvlink", "nvlink", "--status"),
  smi("topology", "topo", "--matrix"),
  smi("mig-instances", "mig", "--list-gpu-instances"),
  smi("version", "--version"),
  { name: KERNEL_LOG, command: "dmesg", args: ["--raw"] },
  { name: "cdi-spec", command: "nvidia-ctk", args: ["cdi", "generate", "--format=yaml"] },
  { name: "ctk-version", command: "nvidia-ctk", args: ["--version"] },
  { name: "modules", command: "cat", args: ["/proc/modules"] },
  { name: "kernel", command: "uname", args: ["--all"] },
];

/** Files that are kept as they are; a `*` stands for every name in that folder. */
export const FILES: readonly string[] = [
  ...["/proc/devices", "/etc/os-release"],
  ...["/proc/driver/nvidia/version", "/proc/driver/nvidia/params", "/proc/driver/nvidia/gpus/*/information"],
];

/** What is kept of each of NVIDIA's devices below /sys/bus/pci/devices. */
export const PCI_FILES: readonly string[] = [
  ...["vendor", "device", "class", "subsystem_vendor", "subsystem_device"],
  ...["current_link_speed", "current_link_width", "max_link_speed", "max_link_width"],
];

function smi(name: string, ...args: readonly string[]): Query {
  return { name, command: "nvidia-smi", args };
}
