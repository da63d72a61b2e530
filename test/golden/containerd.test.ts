// What becomes of the configuration that others left, byte for byte. `UPDATE_GOLDEN=1` writes the expectation anew.
import assert from "node:assert/strict";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gpuSchema } from "../../agent/config/gpu-schema.ts";
import { type ContainerdFacts, parseToml } from "../../agent/facts/containerd.ts";
import { type ContainerdOptions, renderContainerdConfig } from "../../agent/plan/containerd-config.ts";
import { DROP_IN, OPERATORS_RUNTIME, PACKAGED_RUNTIME, readContainerdStart } from "../fakes/containerd-starts.ts";
import { containerdFile } from "../fakes/samples.ts";

const EXPECTED = join(import.meta.dirname, "containerd");

/** Starting point, and the containerd that is there. */
const CASES = {
  docker: "1.7.27",
  "nvidia-ctk-v2": "1.6.20",
  "nvidia-ctk-v3": "2.2.0",
  "nvidia-ctk-1.18-v2": "1.7.27",
  "nvidia-ctk-1.18-v3": "2.2.0",
  "gpu-operator-v2": "1.7.27",
  "gpu-operator-v3": "2.2.0",
  "containerd-v4": "2.3.0",
} as const;

const OPTIONS: ContainerdOptions = {
  ...{ systemdCgroup: true, sandboxImage: undefined, config: {} },
  gpu: gpuSchema.parse({}),
  registries: {},
};

function factsOf(name: string, version: string): ContainerdFacts {
  const { main, dropIn } = readContainerdStart(name);
  return {
    ...{ version, config: containerdFile(main) },
    imports: dropIn === undefined ? [] : [{ path: DROP_IN, table: parseToml(dropIn) }],
    nvidia: { runtime: name.startsWith("gpu-operator") ? OPERATORS_RUNTIME : PACKAGED_RUNTIME, missing: [] },
  };
}

for (const [name, version] of Object.entries(CASES)) {
  test(`${name} on containerd ${version} becomes what is expected, and stays so`, () => {
    const facts = factsOf(name, version);
    const text = renderContainerdConfig(facts, OPTIONS);
    const path = join(EXPECTED, `${name}.toml`);
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(path, text);
    assert.equal(text, readFileSync(path, "utf8"));
    assert.equal(renderContainerdConfig({ ...facts, config: containerdFile(text) }, OPTIONS), text);
  });
}

test("no expectation is left of a case that is gone", () => {
  const names = globSync("*.toml", { cwd: EXPECTED }).map((file) => file.slice(0, -".toml".length));
  assert.deepEqual(names.toSorted(), Object.keys(CASES).toSorted());
});
