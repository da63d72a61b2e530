// The Debian that images of the tests are made of, as one layer: what their commands call, under Debian's own names and busybox's others.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { replaceFolder } from "../sandbox/fresh-folder.ts";
import { cacheFolder } from "../sandbox/state.ts";
import type { Progress } from "../sandbox/step.ts";

const mirror = "http://deb.debian.org/debian";
const suite = "bookworm";
/** Web servers, and what agnhost's image has from Alpine. */
const packages = [
  ...["apache2-bin", "nginx-light"],
  ...["bind9-dnsutils", "busybox", "ca-certificates", "curl", "iperf", "iproute2", "netcat-openbsd", "wget"],
];
const unneeded = [
  "./dev/*",
  "./usr/share/doc/*",
  "./usr/share/locale/*",
  "./usr/share/man/*",
  "./var/cache/*",
  "./var/lib/apt/*",
];

/** Users and groups that the tests expect in agnhost's image. Of the shells bash alone keeps environment variables whose names have dashes. */
const finish = `
ln --symbolic --force bash /bin/sh
for applet in $(busybox --list); do command -v "$applet" >/dev/null || ln -s /usr/bin/busybox "/usr/bin/$applet"; done
useradd --uid 1000 --user-group --no-create-home user-defined-in-image
groupadd --gid 50000 group-defined-in-image
usermod --append --groups group-defined-in-image user-defined-in-image
mkdir /uploads
`;

/** The layer, a tar archive; it is made once. */
export async function ensureUserland(progress: Progress): Promise<Buffer> {
  const digest = createHash("sha256")
    .update([mirror, suite, ...packages, ...unneeded, finish].join())
    .digest("hex");
  const folder = join(cacheFolder(), `conformance-userland-${digest.slice(0, 12)}`);
  const layer = join(folder, "layer.tar");
  if (!existsSync(layer)) {
    await progress.step("debootstrap the images' Debian (2 min the first time)", () =>
      replaceFolder(folder, (fresh) => makeLayer(fresh, join(fresh, "layer.tar"))),
    );
  }
  return readFile(layer);
}

async function makeLayer(fresh: string, layer: string): Promise<void> {
  const tree = join(fresh, "tree");
  await mkdir(tree);
  const include = `--include=${packages.join(",")}`;
  await execa("unshare", ["--mount", "--", "debootstrap", "--variant=minbase", include, suite, tree, mirror]);
  await execa("chroot", [tree, "/bin/sh", "-euc", finish]);
  await writeFile(join(tree, "etc/resolv.conf"), "");
  const exclude = unneeded.map((pattern) => `--exclude=${pattern}`);
  await execa("tar", ["--create", "--numeric-owner", "--file", layer, ...exclude, "--directory", tree, "."]);
  await rm(tree, { recursive: true });
}
