// The forms in which distributions, NVIDIA's toolkit and people write containerd's configuration: what it says stays said, and CRI
// loads wherever it loaded. test/e2e/containerd-forms.test.ts asks containerd itself.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { gpuSchema } from "../../agent/config/gpu-schema.ts";
import { type ContainerdFacts, parseToml } from "../../agent/facts/containerd.ts";
import {
  type ContainerdOptions,
  checkEffective,
  readSetup,
  renderContainerdConfig,
} from "../../agent/plan/containerd-config.ts";
import { planNode } from "../../agent/plan/node-plan.ts";
import { CONTAINERD_FORMS, containerdConfig } from "../fakes/containerd-forms.ts";
import { containerdFile, sampleConfig, sampleFacts } from "../fakes/samples.ts";

const V2 = "io.containerd.grpc.v1.cri";
const OPTIONS: ContainerdOptions = {
  ...{ systemdCgroup: true, sandboxImage: undefined, config: {} },
  gpu: gpuSchema.parse({}),
  registries: {},
};
const VERSIONS = ["1.6.20", "1.7.24", "2.2.0"];

type Tree = { readonly [key: string]: Tree };

const factsOf = (text: string, version = "1.7.24", more: Partial<ContainerdFacts> = {}): ContainerdFacts => ({
  ...{ version, config: containerdFile(text) },
  ...more,
});
const render = (text: string, version?: string, options: Partial<ContainerdOptions> = {}) =>
  renderContainerdConfig(factsOf(text, version), { ...OPTIONS, ...options });
const criOf = (text: string) => (parseToml(text) as unknown as Tree).plugins?.[V2];
const containerdOf = (text: string, version?: string) => criOf(render(text, version))?.containerd;

describe("keys in another case", () => {
  test("kubespray's systemdCgroup is one key afterwards, and true", () => {
    for (const version of VERSIONS) {
      const { options } = containerdOf(CONTAINERD_FORMS["lower-case-driver"], version)?.runtimes?.runc ?? {};
      assert.deepEqual({ ...options }, { SystemdCgroup: true }, version);
    }
  });

  test("a file that says everything in other cases is left alone", () => {
    const text = render("version = 2\n").replaceAll("SystemdCgroup", "systemdCgroup").replace("bin_dir", "BIN_DIR");
    for (const version of VERSIONS) assert.equal(render(text, version), text);
  });

  test("what a user said in another case is heeded: version, image, folder of registries", () => {
    const text = `Version = 2\n[Plugins."${V2}"]\nSANDBOX_IMAGE = "own/pause:1"\n[Plugins."${V2}".registry]\nconfig_PATH = "/own"\n`;
    const mirrored = { registries: { "docker.io": { mirrors: [], skipVerify: false } } } as Partial<ContainerdOptions>;
    const rendered = render(text, "2.2.0", mirrored);
    assert.equal(criOf(rendered)?.sandbox_image, "own/pause:1");
    assert.deepEqual(
      { ...criOf(rendered)?.registry },
      { config_path: "/own" },
      "containerd 2 can have no other beside it",
    );
  });

  test("keys of containerd.config are the same keys in any case", () => {
    const config = { plugins: { [V2]: { Sandbox_Image: "over/pause:1", CONTAINERD: { Default_Runtime_Name: "x" } } } };
    const rendered = criOf(render("version = 2\n", "2.2.0", { config }));
    assert.equal(rendered?.sandbox_image, "over/pause:1");
    assert.equal(rendered?.containerd?.default_runtime_name, "x");
    assert.deepEqual(
      Object.keys(rendered ?? {}).filter((key) => /sandbox/i.test(key)),
      ["sandbox_image"],
    );
  });
});

describe("a package's own file", () => {
  test("Debian's folder of CNI plugins becomes the one that EKS uses, and the rest of the file stays", () => {
    for (const version of VERSIONS) {
      const rendered = render(CONTAINERD_FORMS.debian, version);
      assert.equal(criOf(rendered)?.cni?.bin_dir, "/opt/cni/bin");
      const { plugins } = parseToml(rendered) as unknown as Tree;
      assert.equal(plugins?.["io.containerd.internal.v1.opt"]?.path, "/var/lib/containerd/opt");
    }
  });

  test("a user keeps the distribution's folder by saying so in containerd.config", () => {
    const config = { plugins: { [V2]: { cni: { bin_dir: "/usr/lib/cni" } } } };
    assert.equal(criOf(render(CONTAINERD_FORMS.debian, "1.7.24", { config }))?.cni?.bin_dir, "/usr/lib/cni");
  });
});

describe("every table of which containerd makes a runtime", () => {
  test("NVIDIA's legacy default_runtime is the default by name, with kubelet's cgroup driver", () => {
    const facts = factsOf(CONTAINERD_FORMS["nvidia-default-runtime"]);
    const text = renderContainerdConfig(facts, OPTIONS);
    const containerd = criOf(text)?.containerd;
    assert.equal(containerd?.default_runtime, undefined);
    assert.equal(containerd?.default_runtime_name, "nvidia");
    assert.equal(containerd?.runtimes?.nvidia?.options?.SystemdCgroup, true);
    assert.equal(readSetup(facts).defaultRuntime, "nvidia", "and this is reported before, too");
  });

  test("gpu.defaultRuntime is in force whatever default_runtime says", () => {
    const nvidia = { runtime: "/usr/bin/nvidia-container-runtime", missing: [] };
    const text = renderContainerdConfig(factsOf(CONTAINERD_FORMS["nvidia-default-runtime"], "1.7.24", { nvidia }), {
      ...OPTIONS,
      gpu: gpuSchema.parse({ defaultRuntime: "runc" }),
    });
    assert.equal(criOf(text)?.containerd?.default_runtime_name, "runc");
    assert.equal(criOf(text)?.containerd?.default_runtime, undefined);
  });

  test("a default runtime whose program is gone is the default no more", () => {
    const nvidia = { missing: ["/usr/bin/other-runtime"] };
    const facts = factsOf(CONTAINERD_FORMS["own-default-runtime"], "1.7.24", { nvidia });
    assert.equal(criOf(renderContainerdConfig(facts, OPTIONS))?.containerd?.default_runtime_name, "runc");
  });

  test("untrusted_workload_runtime has kubelet's cgroup driver", () => {
    const { untrusted } = containerdOf(CONTAINERD_FORMS.untrusted)?.runtimes ?? {};
    assert.equal(untrusted?.options?.SystemdCgroup, true);
  });

  test("what only the oldest type may have is said in options, so that CRI loads", () => {
    const engine = containerdOf(CONTAINERD_FORMS["linux-engine"]);
    assert.deepEqual(
      { ...engine?.runtimes?.nvidia?.options },
      { BinaryName: "/usr/bin/nvidia-container-runtime", SystemdCgroup: true },
    );
    assert.equal(engine?.runtimes?.nvidia?.runtime_engine, undefined);
    const { runc } = containerdOf(CONTAINERD_FORMS["linux-root"])?.runtimes ?? {};
    assert.deepEqual({ ...runc?.options }, { Root: "/run/other-runc", SystemdCgroup: true });
    const cri = criOf(render(CONTAINERD_FORMS["linux-systemd-cgroup"]));
    assert.deepEqual([cri?.systemd_cgroup, cri?.containerd?.no_pivot], [undefined, undefined]);
    assert.equal(cri?.containerd?.runtimes?.runc?.options?.NoPivotRoot, true);
  });

  test("a drop-in's default_runtime without the driver is reported", () => {
    const imports = [{ path: "/d.toml", table: parseToml(CONTAINERD_FORMS["own-default-runtime"]) }];
    assert.throws(() => checkEffective(factsOf("version = 2\n", "1.7.24", { imports }), OPTIONS), {
      code: "containerd-config-shadowed",
      message: /runtimes\.default\.options\.SystemdCgroup is absent, not true/,
    });
  });
});

describe("a drop-in that disables CRI", () => {
  const planned = (table: string, version: string) => {
    const imports = [{ path: "/etc/containerd/conf.d/10-local.toml", table: parseToml(table) }];
    const main = 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n';
    return planNode(sampleConfig(), sampleFacts({ containerd: factsOf(main, version, { imports }) }));
  };

  test("is named before anything is written or restarted, since the main file cannot undo it", () => {
    for (const [name, version] of [
      [V2, "1.7.24"],
      ["cri", "1.6.20"],
      ["io.containerd.cri.v1.images", "2.2.0"],
    ] as const) {
      const { problems, resources } = planned(`disabled_plugins = ["${name}"]\n`, version);
      const [problem] = problems;
      assert.equal(problem?.code, "containerd-import-disables-cri");
      assert.equal(
        problem?.message,
        `/etc/containerd/conf.d/10-local.toml disables CRI: its disabled_plugins has ${name}`,
      );
      assert.match(
        problem?.hint ?? "",
        /^Remove .* from disabled_plugins in \/etc\/containerd\/conf\.d\/10-local\.toml/,
      );
      assert.deepEqual(
        resources.filter(({ kind }) => kind === "service"),
        [],
      );
    }
  });

  test("is none when it disables other plugins, or those of the other generation", () => {
    assert.deepEqual(planned('disabled_plugins = ["io.containerd.snapshotter.v1.zfs"]\n', "1.7.24").problems, []);
    assert.deepEqual(planned('disabled_plugins = ["io.containerd.cri.v1.images"]\n', "1.7.24").problems, []);
  });
});

test("whatever is there, the merge is done after one round and loses no key that is not its own", () => {
  fc.assert(
    fc.property(containerdConfig, fc.constantFrom(...VERSIONS), (text, version) => {
      const once = render(text, version);
      assert.equal(render(once, version), once, "a second round has nothing to do");
      const after = new Set(listPaths(parseToml(once)).map((path) => path.toLowerCase()));
      const lost = listPaths(parseToml(text)).filter((path) => !after.has(path.toLowerCase()) && !OURS.test(path));
      assert.deepEqual(lost, []);
    }),
    { numRuns: 300, interruptAfterTimeLimit: 5000 },
  );
});

/** Keys that move or go: the tables and keys of older runtime types. */
const OURS =
  /default_runtime\b|untrusted_workload_runtime|runtime_engine|runtime_root|systemd_cgroup|no_pivot|^plugins\.cri\b/i;

function listPaths(table: object, path = ""): readonly string[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const here = path === "" ? key : `${path}.${key}`;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? listPaths(value, here) : [here];
  });
}
