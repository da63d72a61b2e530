import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLinuxHost } from "../../agent/host/linux-host.ts";
import { readInventory } from "../../agent/inventory/read-inventory.ts";
import { renderOverview } from "../../agent/inventory/render.ts";
import { MemoryHost } from "../fakes/memory-host.ts";
import { waitFor } from "../sandbox/wait.ts";

const ANSWERS: Readonly<Record<string, unknown>> = {
  system: { system: { manufacturer: "Supermicro", model: "AS-4124GS" }, board: {}, bios: { vendor: "AMI" } },
  cpu: { manufacturer: "AMD", brand: "EPYC 7543", cores: 64 },
  memory: [{ size: 2 ** 36, type: "DDR4" }],
  disks: [{ name: "nvme0n1", size: 1e12, physical: "SSD" }],
};

/** A child that answers as `of` says for a part, and else as a machine would. */
function setUp(of: Readonly<Record<string, () => object | Promise<object>>> = {}) {
  const host = new MemoryHost();
  host.install("/bin/node", (args) => {
    const part = args.at(-1) ?? "";
    return of[part]?.() ?? { stdout: JSON.stringify(ANSWERS[part]) };
  });
  const read = () => readInventory({ host, program: ["/bin/node", "/p.mjs"] });
  return { host, read };
}

test("each part is read by a child of its own", async () => {
  const { host, read } = setUp();
  const { problems, cpu } = await read();
  assert.deepEqual([problems, cpu?.brand], [[], "EPYC 7543"]);
  assert.deepEqual(
    host.commands.toSorted(),
    ["cpu", "disks", "memory", "system"].map((part) => `/bin/node /p.mjs inventory --part ${part}`),
  );
});

test("a part that hangs is given up after its deadline, and the others are there", async () => {
  const { host, read } = setUp({ disks: () => new Promise(() => undefined) });
  const reading = read();
  await host.clock.advance(6000);
  const { problems, disks, cpu } = await reading;
  assert.deepEqual(problems, [{ part: "disks", message: "no answer in 6 s" }]);
  assert.deepEqual([disks, cpu?.cores], [undefined, 64]);
});

test("garbage, an exit code and another form are each said with the words that came, bounded", async () => {
  const { read } = setUp({
    cpu: () => ({ stdout: "Segmentation fault" }),
    disks: () => ({ exitCode: 70, stderr: `ERROR ${"x".repeat(100_000)}` }),
    system: () => ({ stdout: "[]" }),
  });
  const { problems, memory } = await read();
  assert.deepEqual(
    problems.map(({ part, message }) => [part, message.slice(0, 30)]),
    [
      ["cpu", "the reader exited with 0: Segm"],
      ["disks", "the reader exited with 70: ERR"],
      ["system", "the reader exited with 0: []"],
    ],
  );
  assert.ok(problems.every(({ message }) => message.length < 400));
  assert.equal(memory?.length, 1);
});

test("without dmidecode the total alone is known, and the reason is said", async () => {
  const { read } = setUp({ memory: () => ({ stdout: JSON.stringify([{ size: 2 ** 36, type: "", bank: "" }]) }) });
  const { problems, memory } = await read();
  assert.deepEqual([memory, problems.map(({ part }) => part)], [[], ["memory"]]);
  assert.match(problems[0]?.message ?? "", /dmidecode/);
});

test("slots without a module are no modules", async () => {
  const empty = { size: 0, type: "Empty", bank: "BANK 1" };
  const { read } = setUp({ memory: () => ({ stdout: JSON.stringify([empty, { size: 2 ** 34, type: "DDR5" }]) }) });
  assert.equal((await read()).memory?.length, 1);
});

test("a list of disks that is empty is said", async () => {
  const { read } = setUp({ disks: () => ({ stdout: "[]" }) });
  assert.deepEqual((await read()).problems, [{ part: "disks", message: "lsblk names no disk" }]);
});

test("a program of the machine that never ends, and holds the whole child, is ended with it", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "inventory-"));
  const { PATH } = process.env;
  context.after(async () => {
    process.env.PATH = PATH;
    await rm(folder, { recursive: true });
  });
  const marker = `${folder}/pid`;
  await writeFile(join(folder, "lscpu"), `#!/bin/sh\necho $$ > ${marker}\nexec sleep 600\n`, { mode: 0o755 });
  process.env.PATH = `${folder}:${PATH}`;
  const program = [process.execPath, new URL("../../agent/main.ts", import.meta.url).pathname];
  const host = createLinuxHost();
  const { problems, cpu } = await readInventory({ host, program, timeoutSeconds: 15 });
  assert.deepEqual(
    [problems.find(({ part }) => part === "cpu"), cpu],
    [{ part: "cpu", message: "no answer in 15 s" }, undefined],
  );
  const pid = Number(await host.files.read(marker));
  assert.ok(pid > 0);
  await waitFor(
    { what: "the end of lscpu", deadlineMs: 10_000, intervalMs: 50 },
    async () => !host.kill(pid, "SIGCONT"),
  );
});

test("the real library answers through the real program, each part in time", async () => {
  const program = [process.execPath, new URL("../../agent/main.ts", import.meta.url).pathname];
  const inventory = await readInventory({ host: createLinuxHost(), program, timeoutSeconds: 60 });
  assert.deepEqual(
    inventory.problems.filter(({ part }) => part !== "memory"),
    [],
  );
  assert.ok((inventory.cpu?.cores ?? 0) > 0);
  assert.ok(renderOverview(inventory).includes("threads"));
});
