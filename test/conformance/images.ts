// The images of the tests, made here: no image registry is reachable. The tests say which names and tags they ask for.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { clean } from "../sandbox/environment.ts";
import type { Machine } from "../sandbox/machine/machine.ts";
import { renderTar, type TarEntry } from "../sandbox/tar.ts";
import { type ImageConfig, type LayeredImage, renderArchive } from "./archive.ts";
import type { SuitePrograms } from "./programs.ts";

/** What the recipes are made of. */
interface Ingredients {
  readonly userland: Buffer;
  readonly agnhost: Buffer;
  /** A program as executable of root. */
  readonly program: (path: string, at: string, mode?: number) => Promise<TarEntry>;
  readonly programs: SuitePrograms;
  readonly etcd: string;
  /** Folder test/images of Kubernetes' sources. */
  readonly sources: string;
}

interface Recipe {
  readonly layers: readonly Buffer[];
  readonly config: ImageConfig;
}

const layer = (...files: readonly TarEntry[]) => renderTar(files);

/** By the image's name without its tag. */
const recipes: Readonly<Record<string, (from: Ingredients) => Promise<Recipe>>> = {
  "e2e-test-images/agnhost": async ({ userland, agnhost }) => ({
    layers: [userland, agnhost],
    config: { Entrypoint: ["/agnhost"], Cmd: ["pause"] },
  }),
  "e2e-test-images/busybox": async ({ userland }) => ({
    layers: [userland, layer(...shells)],
    config: { Cmd: ["sh"] },
  }),
  "e2e-test-images/nonroot": async ({ userland }) => ({ layers: [userland], config: { Cmd: ["sh"], User: "1234" } }),
  "e2e-test-images/jessie-dnsutils": async ({ userland }) => ({ layers: [userland], config: { Cmd: ["sh"] } }),
  "e2e-test-images/httpd": async ({ userland }) => ({
    layers: [userland, layer(...httpdFiles)],
    config: { Cmd: ["apache2", "-f", "/etc/apache2/httpd.conf", "-DFOREGROUND"] },
  }),
  "e2e-test-images/nginx": async ({ userland }) => ({
    layers: [userland, layer(...nginxFiles)],
    config: { Cmd: ["nginx", "-c", "/etc/nginx/plain.conf"] },
  }),
  "e2e-test-images/kitten": (from) => demo(from, "kitten"),
  "e2e-test-images/nautilus": (from) => demo(from, "nautilus"),
  "e2e-test-images/nonewprivs": async ({ userland, program, programs }) => ({
    layers: [userland, layer(await program(join(programs.bin, "nonewprivs"), "usr/local/bin/nnp", 0o6755))],
    config: { Cmd: ["nnp"] },
  }),
  "e2e-test-images/sample-apiserver": async ({ userland, program, programs }) => ({
    layers: [userland, layer(await program(join(programs.bin, "sample-apiserver"), "sample-apiserver"))],
    config: { Entrypoint: ["/sample-apiserver"] },
  }),
  etcd: async ({ userland, program, etcd }) => ({
    layers: [userland, layer(await program(etcd, "usr/local/bin/etcd"))],
    config: { Cmd: ["etcd"] },
  }),
  pause: async ({ agnhost }) => ({ layers: [agnhost], config: { Entrypoint: ["/agnhost", "pause"] } }),
};

/** A test of the environment calls `sh`, and needs bash; one of a read-only file system calls `/bin/sh`, and wants busybox's own words. */
const shells: readonly TarEntry[] = [
  { path: "usr/bin/sh", linkTo: "busybox" },
  { path: "usr/local/bin/sh", linkTo: "/usr/bin/bash" },
];

const httpdFiles: readonly TarEntry[] = [
  {
    path: "usr/local/apache2/htdocs/index.html",
    content: Buffer.from("<html><body><h1>It works!</h1></body></html>\n"),
  },
  {
    path: "etc/apache2/httpd.conf",
    content: Buffer.from(`ServerName localhost
Listen 80
DefaultRuntimeDir /run
PidFile /run/httpd.pid
ErrorLog /proc/self/fd/2
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
User www-data
Group www-data
DocumentRoot /usr/local/apache2/htdocs
`),
  },
];

const nginxFiles: readonly TarEntry[] = [
  {
    path: "etc/nginx/plain.conf",
    content: Buffer.from(`daemon off;
error_log /dev/stderr;
events {}
http {
  access_log /dev/stdout;
  server {
    listen 80;
    root /var/www/html;
    index index.nginx-debian.html;
  }
}
`),
  },
];

async function demo({ userland, agnhost, sources }: Ingredients, name: string): Promise<Recipe> {
  const files = [`${name}.jpg`, "data.json"].map(async (path) => ({
    path,
    content: await readFile(join(sources, name, "html", path)),
  }));
  return {
    layers: [userland, agnhost, layer(...(await Promise.all(files)))],
    config: { Entrypoint: ["/agnhost"], Cmd: ["test-webserver"] },
  };
}

/** Names of the images that these tests may ask for. */
export async function listImages({ bin }: SuitePrograms): Promise<readonly string[]> {
  const { stdout } = await execa(join(bin, "e2e.test"), ["--list-images"], clean());
  return stdout.split("\n").filter((line) => /^\S+:\S+$/.test(line));
}

/** Makes those of the images for which there is a recipe. */
export async function makeImages(
  names: readonly string[],
  { programs, userland, etcd }: Pick<Ingredients, "programs" | "userland" | "etcd">,
): Promise<readonly LayeredImage[]> {
  const { stdout: source } = await execa("go", ["list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"], {
    cwd: programs.module,
  });
  const sources = join(source, "test/images");
  const program: Ingredients["program"] = async (path, at, mode = 0o755) => ({
    ...{ path: at, mode },
    content: await readFile(path),
  });
  const agnhost = layer(
    await program(join(programs.bin, "agnhost"), "agnhost"),
    { path: "agnhost-2", linkTo: "agnhost" },
    { path: "localhost.crt", content: await readFile(join(sources, "agnhost/porter/localhost.crt")) },
    { path: "localhost.key", content: await readFile(join(sources, "agnhost/porter/localhost.key")) },
  );
  const from: Ingredients = { userland, agnhost, program, programs, etcd, sources };
  const made = names.map(async (tag) => {
    const recipe = recipes[recipeName(tag)];
    return recipe === undefined ? [] : [{ tag, ...(await recipe(from)) }];
  });
  return (await Promise.all(made)).flat();
}

/** `registry.k8s.io/e2e-test-images/agnhost:2.56` has the recipe `e2e-test-images/agnhost`; another registry's has none. */
export function recipeName(tag: string): string {
  return /^registry\.k8s\.io\/(.+):[^:/]+$/.exec(tag)?.[1] ?? "";
}

/** Gives the images to the machine's containerd. */
export async function importAll(machine: Machine, images: readonly LayeredImage[]): Promise<void> {
  const path = "/var/tmp/conformance.tar";
  await machine.write(path, renderArchive(images));
  await machine.run(["ctr", "--namespace", "k8s.io", "images", "import", path], { timeoutMs: 600_000 });
  await machine.remove(path);
}
