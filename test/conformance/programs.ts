// The programs of the conformance tests, of the cluster's own version: the tests, what runs them, and what their images hold.
import { join } from "node:path";
import { build } from "../sandbox/go-build.ts";
import { generateKubernetesModule } from "../sandbox/kubernetes-module.ts";
import { cacheFolder, defaultKubernetes } from "../sandbox/state.ts";
import type { Progress } from "../sandbox/step.ts";

/** A package whose tests become the program e2e.test. */
const suite = "k8s.io/kubernetes/test/e2e";
const packages = [
  "github.com/onsi/ginkgo/v2/ginkgo",
  "k8s.io/kubernetes/test/images/agnhost",
  "k8s.io/kubernetes/test/images/nonewprivs",
  "k8s.io/sample-apiserver",
];

/** Where the programs and their sources are. */
export interface SuitePrograms {
  /** Folder of e2e.test, ginkgo, agnhost, nonewprivs and sample-apiserver. */
  readonly bin: string;
  /** Folder of a Go module that requires k8s.io/kubernetes of this version. */
  readonly module: string;
}

/**
 * The API server asks etcd how far it is, so that a watch begins at once; Debian's 3.4 does not answer that, and then a watch
 * without a resource version may wait 3 s and end. Returns the program's path.
 */
export async function buildEtcd(progress: Progress): Promise<string> {
  const bin = await build(
    {
      title: "build etcd 3.6",
      module: join(import.meta.dirname, "../sandbox/go/etcd"),
      packages: ["tool"],
      target: join(cacheFolder(), "etcd-3.6"),
    },
    progress,
  );
  return join(bin, "server");
}

/** Builds them once for each version of Kubernetes. */
export async function buildSuite(version: string, progress: Progress): Promise<SuitePrograms> {
  const target = join(cacheFolder(), `conformance-${version}`);
  const module =
    version === defaultKubernetes
      ? join(import.meta.dirname, "go")
      : await generateKubernetesModule(version, join(target, "module"), progress, [suite, ...packages]);
  const bin = await build(
    {
      title: `build the conformance tests of Kubernetes ${version} (6 min on 2 cores the first time)`,
      module,
      packages,
      tests: [suite],
      target,
      variables: { "k8s.io/component-base/version.gitVersion": `v${version}` },
    },
    progress,
  );
  return { bin, module };
}
