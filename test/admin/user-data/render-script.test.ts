// The script is run by bash, with its paths in a folder.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { APPLIED_PATH, renderScript } from "../../../agent/admin/user-data/render-script.ts";
import { BootMachine } from "../../fakes/boot-machine.ts";

const machine = new BootMachine();
const ROOT = join(machine.folder, "root");
after(() => machine.remove());

const NASTY = "#cloud-config\nEND\n$(touch pwned) `id` '\" \\ $HOME\n\n  - a: |\n";
const FILES = [
  { path: "/etc/eks-satellite/config.yaml", mode: "0644", content: NASTY },
  { path: "/etc/eks-satellite/credentials", mode: "0600", content: "A=b\n" },
];

/** Everything below /etc and /opt is in a folder. */
function run(script: string, programs: Readonly<Record<string, string>> = {}) {
  const moved = script.replaceAll(/(?<=[ ("=>])\/(etc|opt)\//g, `${ROOT}/$1/`);
  return machine.boot(moved, { shell: "bash", programs });
}
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const script = (boot = "echo booted\n") => renderScript({ header: ["a comment", ""], files: FILES, boot });

test("the files are there before the commands run, byte for byte, each with its mode", () => {
  rmSync(ROOT, { recursive: true, force: true });
  const { status, stdout, stderr, folder } = run(script(`ls -a ${ROOT}/etc/eks-satellite >files; echo booted\n`), {
    ls: 'exec /bin/ls "$@"',
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "booted\n");
  for (const { path, mode, content } of FILES) {
    assert.equal(read(path), content);
    assert.equal(statSync(join(ROOT, path)).mode & 0o777, Number.parseInt(mode, 8));
  }
  assert.doesNotMatch(readFileSync(join(folder, "files"), "utf8"), /\.new/);
});

test("a cloud that runs it at each boot changes nothing again, once the program is there", () => {
  rmSync(ROOT, { recursive: true, force: true });
  assert.equal(run(script()).stdout, "booted\n");
  assert.equal(run(script()).stdout, "booted\n", "the installer did not put the program there yet");
  mkdirSync(join(ROOT, "opt/eks-satellite"), { recursive: true });
  writeFileSync(join(ROOT, FILES[0]?.path ?? ""), "edited since\n");
  assert.match(run(script()).stdout, /put in force before/);
  assert.equal(read(FILES[0]?.path ?? ""), "edited since\n");
  assert.equal(run(script("echo other\n")).stdout, "other\n", "another text is another");
  assert.equal(read(FILES[0]?.path ?? ""), NASTY);
});

test("commands that fail are tried again at the next boot", () => {
  rmSync(ROOT, { recursive: true, force: true });
  mkdirSync(join(ROOT, "opt/eks-satellite"), { recursive: true });
  assert.equal(run(script("exit 7\n")).status, 7);
  assert.throws(() => read(APPLIED_PATH), { code: "ENOENT" });
  assert.equal(run(script("exit 7\n")).status, 7);
});

test("a text that broke off on its way runs nothing", () => {
  rmSync(ROOT, { recursive: true, force: true });
  const whole = script();
  for (const length of [whole.length - 3, whole.indexOf("echo booted") + 11, whole.indexOf("set -eu") + 7, 60]) {
    const { stdout } = run(whole.slice(0, length));
    assert.equal(stdout, "");
    assert.throws(() => read("etc/eks-satellite/config.yaml"), { code: "ENOENT" }, `cut at ${length}`);
  }
});

test("a user who is not root reads so before anything is written", () => {
  rmSync(ROOT, { recursive: true, force: true });
  const { status, stderr } = run(script(), { id: "echo 1000" });
  assert.equal(status, 1);
  assert.match(stderr, /needs root/);
  assert.throws(() => read("etc/eks-satellite/config.yaml"), { code: "ENOENT" });
});
