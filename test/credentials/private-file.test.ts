import assert from "node:assert/strict";
import { test } from "node:test";
import { checkPrivateProgram, readPrivateFile } from "../../agent/credentials/private-file.ts";
import { MemoryHost } from "../fakes/memory-host.ts";

const FILE = "/etc/eks-satellite/aws-keys";

for (const mode of [0o600, 0o400, 0o700])
  test(`a file of mode ${mode.toString(8)} is read`, async () => {
    const host = new MemoryHost();
    host.files.put(FILE, "secret", { mode });
    assert.equal(await readPrivateFile(host, FILE), "secret");
  });

for (const mode of [0o640, 0o604, 0o620, 0o601, 0o644])
  test(`a file of mode ${mode.toString(8)} is refused, without its content`, async () => {
    const host = new MemoryHost();
    host.files.put(FILE, "secret", { mode });
    await assert.rejects(readPrivateFile(host, FILE), {
      code: "credentials-exposed",
      message: `${FILE} has mode 0${mode.toString(8)}: other users of this machine can read its keys`,
      hint: /^chmod 600 /,
    });
  });

test("a missing file is an error that says how to write it", async () => {
  await assert.rejects(readPrivateFile(new MemoryHost(), FILE), {
    code: "credentials-missing",
    hint: /install -m 0600/,
  });
});

test("a file of another user is refused, whatever its mode; the daemon's own user's is read", async () => {
  const host = new MemoryHost();
  host.files.put(FILE, "secret", { mode: 0o600, uid: 1000 });
  await assert.rejects(readPrivateFile(host, FILE), {
    code: "credentials-foreign",
    message: `${FILE} belongs to user 1000: that user decides which keys, and which commands, are used`,
    hint: /only root may write to.*install -o root/,
  });
  host.userId = 1000;
  assert.equal(await readPrivateFile(host, FILE), "secret");
});

test("a file in a folder that another may write to is refused, at any height; a sticky one keeps its files", async () => {
  for (const [folder, mode, uid] of [
    ["/etc/eks-satellite", 0o777, 0],
    ["/etc/eks-satellite", 0o775, 0],
    ["/etc/eks-satellite", 0o755, 1000],
    ["/etc", 0o757, 0],
    ["/", 0o755, 1000],
  ] as const) {
    const host = new MemoryHost();
    host.files.put(FILE, "secret", { mode: 0o600 });
    host.files.putFolder(folder, mode, uid);
    await assert.rejects(
      readPrivateFile(host, FILE),
      { code: "credentials-foreign" },
      `${folder} ${mode.toString(8)} ${uid}`,
    );
  }
  const host = new MemoryHost();
  host.files.put("/tmp/keys", "secret", { mode: 0o600 });
  host.files.putFolder("/tmp", 0o1777);
  assert.equal(await readPrivateFile(host, "/tmp/keys"), "secret");
});

test("the folders of a link count, and those where it leads", async () => {
  const host = new MemoryHost();
  host.files.put("/home/a/keys", "secret", { mode: 0o600 });
  host.files.putFolder("/home/a", 0o755, 1000);
  host.files.putLink(FILE, "/home/a/keys");
  await assert.rejects(readPrivateFile(host, FILE), {
    code: "credentials-foreign",
    message: /^\/home\/a belongs to user 1000/,
  });
});

test("what is no regular file is refused", async () => {
  const host = new MemoryHost();
  host.files.putFolder(FILE, 0o700);
  await assert.rejects(readPrivateFile(host, FILE), { code: "credentials-foreign", message: /not a regular file/ });
});

test("a program that another user could replace is not run", async () => {
  const host = new MemoryHost();
  host.files.put("/opt/print", "", { mode: 0o755 });
  host.files.put("/usr/bin/print", "", { mode: 0o755, uid: 1000 });
  await checkPrivateProgram(host, "/opt/print");
  await checkPrivateProgram(host, "/opt/none");
  await checkPrivateProgram(host, "none");
  await assert.rejects(checkPrivateProgram(host, "print"), {
    code: "program-foreign",
    message: /^\/usr\/bin\/print belongs to user 1000/,
  });
  host.files.put("/opt/print", "", { mode: 0o775 });
  await assert.rejects(checkPrivateProgram(host, "/opt/print"), {
    code: "program-foreign",
    message: /has mode 0775/,
    hint: /chmod go-w/,
  });
  host.files.put("/opt/print", "", { mode: 0o755 });
  host.files.putFolder("/opt", 0o777);
  await assert.rejects(checkPrivateProgram(host, "/opt/print"), {
    code: "program-foreign",
    message: /^\/opt, which holds/,
  });
});
