// The commands are run by the shells that run them on a machine.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type BootPlan, renderBoot } from "../../../agent/admin/user-data/boot.ts";
import { type Boot, BootMachine, RELEASE } from "../../fakes/boot-machine.ts";

const BASE_URL = "https://mirror.example.com/releases";
const machine = new BootMachine();
after(() => machine.remove());

function run(plan: Partial<BootPlan>, boot: Boot = {}) {
  const release = { version: "1.2.3", baseUrl: BASE_URL, sums: { amd64: machine.sum } };
  return machine.boot(`set -eu\n${renderBoot({ release, route: {}, waitSeconds: 300, ...plan })}`, boot);
}

for (const shell of ["dash", "bash"]) {
  test(`in ${shell} the installer of the release runs with the pinned tarball, and nothing is left behind`, () => {
    const { status, stdout, stderr, read, left } = run({}, { shell });
    assert.equal(status, 0, stderr);
    assert.equal(
      stdout,
      `--from DIR/${RELEASE}.tar.gz --sha256 ${machine.sum} --wait 300 \nproxy= no= ca=\n`,
      "it reads nothing of standard input, which may be the script itself",
    );
    assert.match(read("fetched"), new RegExp(`${BASE_URL}/download/v1\\.2\\.3/${RELEASE}\\.tar\\.gz$`, "m"));
    assert.deepEqual(left, []);
  });
}

test("another tarball than the pinned one is not run", () => {
  const sums = { amd64: "0".repeat(64) };
  const { status, stdout, left } = run({ release: { version: "1.2.3", baseUrl: BASE_URL, sums } });
  assert.notEqual(status, 0);
  assert.match(stdout, /FAILED/);
  assert.doesNotMatch(stdout, /--from/);
  assert.deepEqual(left, []);
});

test("a network that comes later is waited for, one that never comes is an error", () => {
  const thirdTime = `echo x >>tries; [ "$(sed -n '$=' tries)" = 3 ] || exit 6; while [ "$1" != --output ]; do shift; done; ${machine.give} "$2"`;
  const later = run({}, { programs: { curl: thirdTime } });
  assert.equal(later.status, 0, later.stderr);
  assert.equal(later.read("slept"), "2\n4\n");
  const never = run({}, { programs: { curl: "exit 6" } });
  assert.equal(never.status, 1);
  assert.match(never.stderr, /cannot be downloaded/);
  assert.equal(never.read("slept").trim().split("\n").length, 7);
  assert.deepEqual(never.left, []);
});

test("an image without curl has wget", () => {
  const wget = `for each; do case $each in --output-document=*) ${machine.give} "$(echo "$each" | sed 's/^[^=]*=//')";; esac; done`;
  const { status, stdout, stderr } = run({}, { programs: { curl: "", wget } });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /--from DIR/);
});

test("a machine that the release is not for gets nothing", () => {
  for (const name of ["riscv64", "aarch64"]) {
    const { status, stderr, read } = run({}, { programs: { uname: `echo ${name}` } });
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`not pinned for ${name}`));
    assert.equal(read("fetched"), "");
  }
});

test("the route goes to the installer, whatever is in it, and the certificate authorities to every program", () => {
  const proxy = "http://u:p%27$(touch pwned)`touch pwned`@proxy:3128";
  const { status, stdout, stderr, read } = run({ route: { proxy, noProxy: "a,b c", caPath: "/ca.crt" } });
  assert.equal(status, 0, stderr);
  assert.ok(stdout.includes(`\nproxy=${proxy} no=a,b c ca=/ca.crt\n`), stdout);
  assert.equal(read("updated"), "done\n");
  assert.equal(read("pwned"), "");
});

test("commands of the caller's come before the download, and options of theirs reach the installer", () => {
  const { status, stdout, stderr } = run({ before: "node_name=mi-1\n", installerOptions: ' --node-name "$node_name"' });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /--wait 300 --node-name mi-1 $/m);
});
