import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, requireSupported } from "./choices.ts";
import { hostArch } from "./processor.ts";
import type { Choices } from "./state.ts";

const foreign = hostArch === "amd64" ? "arm64" : "amd64";
const skip = hostArch === "amd64" ? false : "a host of arm64 has no machine of another processor";

test("a sandbox that is there keeps what its caller leaves open", () => {
  const present: Partial<Choices> = { kubernetes: "1.33.13", machine: "vm", debian: "trixie", network: "vpc" };
  const chosen = choose({ docker: true }, present);
  assert.deepEqual(chosen, {
    ...{ kubernetes: "1.33.13", containerd: "debian", machine: "vm", arch: hostArch, debian: "trixie" },
    ...{ network: "vpc", lambda: false, docker: true },
  });
});

test("a machine has the host's processor unless its caller, or the virtual machine that is there, says otherwise", () => {
  assert.equal(choose({}).arch, hostArch);
  assert.equal(choose({ machine: "vm", arch: foreign }).arch, foreign);
  assert.equal(choose({}, { machine: "vm", arch: foreign }).arch, foreign);
  assert.equal(choose({ machine: "nspawn" }, { machine: "vm", arch: foreign }).arch, hostArch);
});

test("the host's processor goes with everything", () => {
  for (const machine of ["nspawn", "vm"] as const)
    requireSupported(choose({ machine, arch: hostArch, docker: true, debian: "trixie" }), { services: true });
});

test("arm64 goes with a virtual machine of Debian 12", { skip }, () => {
  requireSupported(choose({ machine: "vm", arch: "arm64" }));
});

const REFUSED: readonly (readonly [options: Partial<Choices> & { readonly services?: boolean }, says: RegExp])[] = [
  [{}, /^--arch arm64 on a host of amd64 needs --machine vm: a container has the host's processor$/],
  [{ machine: "nspawn" }, /needs --machine vm/],
  [{ machine: "vm", lambda: true }, /needs --machine vm/],
  [{ machine: "vm", debian: "trixie" }, /needs --debian bookworm/],
  [{ machine: "vm", containerd: "2.2.0" }, /needs --containerd debian/],
  [{ machine: "vm", docker: true }, /goes without --docker/],
  [{ machine: "vm", services: true }, /goes without --services/],
];
for (const [options, says] of REFUSED) {
  test(`arm64 with ${JSON.stringify(options)} is refused`, { skip }, () => {
    const choices = choose({ ...options, arch: "arm64" });
    assert.throws(() => requireSupported(choices, options), { message: says });
  });
}
