// Kubernetes' own commands as ordinary Go packages: k8s.io/kubernetes names its staging modules by relative path, so
// a module that requires it has to say which published version stands for each.
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { replaceFolder } from "./fresh-folder.ts";
import type { Progress } from "./step.ts";

/** The commands that the sandbox runs. */
export const kubernetesPackages = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-proxy",
  "kube-scheduler",
  "kubectl",
  "kubelet",
].map((command) => `k8s.io/kubernetes/cmd/${command}`);

/**
 * Writes a Go module for `version` into `folder` unless it is there, and returns the folder; by default it has the commands.
 * @throws Error when the version is malformed, or when the module proxy does not have it.
 */
export async function generateKubernetesModule(
  version: string,
  folder: string,
  progress: Progress,
  packages: readonly string[] = kubernetesPackages,
): Promise<string> {
  if (!/^1\.\d+\.\d+$/.test(version)) {
    throw new Error(`Kubernetes version "${version}" is not of the form 1.34.4`);
  }
  if (existsSync(folder)) return folder;
  await progress.step(`resolve the modules of Kubernetes ${version}`, async () => {
    await replaceFolder(folder, async (fresh) => {
      const go = (...args: string[]) => execa("go", args, { cwd: fresh });
      await writeFile(join(fresh, "go.mod"), "module eks-satellite/sandbox/kubernetes\n\ngo 1.21.0\n");
      const { stdout } = await go("mod", "download", "-json", `k8s.io/kubernetes@v${version}`);
      const upstream = await readFile(JSON.parse(stdout).GoMod, "utf8");
      await writeFile(join(fresh, "go.mod"), renderModule(version, upstream));
      await writeFile(join(fresh, "tools.go"), renderImports(packages));
      try {
        // Tests of dependencies may import what no proxy has (-e); what the commands themselves need must be there.
        await go("mod", "tidy", "-e");
        await go("list", "-mod=readonly", "-deps", ...packages);
      } catch (cause) {
        const lacking = `the Go module proxy does not have all of Kubernetes ${version}: try another patch release`;
        throw new Error(lacking, { cause });
      }
    });
  });
  return folder;
}

/** The go.mod for `version`, from the go.mod of k8s.io/kubernetes at that version. */
export function renderModule(version: string, upstream: string): string {
  const goVersion = /^go (\S+)/m.exec(upstream)?.[1];
  const staging = new Set([...upstream.matchAll(/(\S+) => \.\/staging\//g)].map(([, module]) => module));
  const published = version.replace(/^1\./, "0.");
  return [
    "module eks-satellite/sandbox/kubernetes",
    `go ${goVersion}`,
    `require k8s.io/kubernetes v${version}`,
    ...[...staging].sort().map((module) => `replace ${module} => ${module} v${published}`),
    "",
  ].join("\n\n");
}

/** An import of each package keeps its modules in go.mod; it is never compiled. */
function renderImports(packages: readonly string[]): string {
  const imports = packages.map((path) => `\t_ "${path}"`).join("\n");
  return `//go:build tools\n\npackage sandbox\n\nimport (\n${imports}\n)\n`;
}
