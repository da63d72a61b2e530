// An image of kube-proxy: its program, and iptables, nft and conntrack of the machine's Debian with what they load.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { clean } from "../environment.ts";
import { busyboxFiles, type Image } from "../images.ts";
import { baseTree } from "../machine/base.ts";
import type { Sandbox } from "../sandbox.ts";
import type { TarEntry } from "../tar.ts";

/** Programs of the base's tree. */
const programs = ["usr/sbin/xtables-nft-multi", "usr/sbin/nft", "usr/sbin/conntrack"];
const iptablesNames = ["iptables", "ip6tables"].flatMap((name) => [name, `${name}-save`, `${name}-restore`]);

/** The image under this tag, to be imported. */
export async function kubeProxyImage(
  { facts, programs: own }: Pick<Sandbox, "facts" | "programs">,
  tag: string,
): Promise<Image> {
  const tree = baseTree(facts);
  const loaded = [...programs, ...(await extensionsOf(tree))];
  const paths = [...loaded, ...(await librariesOf(tree, loaded))];
  return {
    tag,
    entrypoint: ["kube-proxy"],
    files: [
      ...(await busyboxFiles()),
      { path: "usr/bin/kube-proxy", content: await readFile(join(own.kubernetes, "kube-proxy")), mode: 0o755 },
      ...(await filesOf(tree, paths)),
      ...iptablesNames.map((name) => ({ path: `usr/sbin/${name}`, linkTo: "xtables-nft-multi" })),
    ],
  };
}

/** Paths of the shared libraries, the loader among them, as these files name them. */
async function librariesOf(tree: string, files: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await execa("chroot", [tree, "ldd", ...files.map((path) => `/${path}`)], clean());
  const paths = [...stdout.matchAll(/(?:=> |^\t)\/(\S+) \(0x/gm)].map(([, path = ""]) => path);
  return [...new Set(paths)];
}

/** What iptables loads for each match and target. */
async function extensionsOf(tree: string): Promise<readonly string[]> {
  const folders = (await readdir(join(tree, "usr/lib"))).filter((name) => name.endsWith("-linux-gnu"));
  const found = folders.map(async (name) => {
    const folder = `usr/lib/${name}/xtables`;
    return (await readdir(join(tree, folder))).map((file) => `${folder}/${file}`);
  });
  return (await Promise.all(found)).flat();
}

/** Links, of which /lib is one, are followed inside the tree: their content is taken under the name that was asked for. */
async function filesOf(tree: string, paths: readonly string[]): Promise<readonly TarEntry[]> {
  const { stdout } = await execa("chroot", [tree, "realpath", ...paths.map((path) => `/${path}`)], clean());
  const targets = stdout.split("\n");
  return Promise.all(
    paths.map(async (path, index) => ({
      path,
      content: await readFile(join(tree, targets[index] ?? "")),
      mode: 0o755,
    })),
  );
}
