import assert from "node:assert/strict";
import { test } from "node:test";
import { becomeGpuMachine, GPU_MACHINES, readGpuMachine } from "../fakes/gpu-machine.ts";
import { setUpSmi as setUp } from "../fakes/gpu-smi.ts";

for (const name of GPU_MACHINES.filter(
  (each) => !["no-gpu", "driver-missing", "off-the-bus-at-probe", "smi-hangs"].includes(each),
)) {
  test(`${name}: as many GPUs answer as should`, async () => {
    const { machine, ask } = setUp(name);
    const answering = (await ask()).gpus.filter(({ isLost }) => !isLost);
    assert.equal(answering.length, machine.expected.answering);
    for (const { uuid, product, memoryTotalMebibytes = 0 } of answering) {
      assert.match(uuid ?? "", /^GPU-/);
      assert.ok(product !== undefined && memoryTotalMebibytes > 10_000);
    }
  });
}

test("every field of an A10 is parsed", async () => {
  const { gpus, cudaVersion, problem } = await setUp("a10").ask();
  assert.deepEqual(gpus, [
    {
      busId: "0000:06:00.0",
      index: 0,
      uuid: "GPU-5c1b0000-0000-4000-8000-000000000001",
      product: "NVIDIA A10",
      memoryTotalMebibytes: 23_028,
      memoryUsedMebibytes: 4,
      temperatureCelsius: 31,
      powerWatts: 52.31,
      powerLimitWatts: 150,
      utilizationPercent: 0,
      isPersistent: true,
      isEcc: true,
      eccUncorrected: 0,
      isRemapPending: false,
      isRemapFailed: false,
      needsReset: false,
      isLost: false,
    },
  ]);
  assert.deepEqual([cudaVersion, problem], ["12.4", undefined]);
});

test("MIG, slow clocks, the fabric and the driver's recovery action are parsed", async () => {
  const [mig] = (await setUp("a100-mig").ask()).gpus;
  assert.deepEqual([mig?.isMig, mig?.utilizationPercent], [true, undefined]);
  const [h100] = (await setUp("h100-nvswitch-8").ask()).gpus;
  assert.deepEqual([h100?.fabricState, h100?.recoveryAction], ["Completed", "None"]);
  const masks: readonly (readonly [string, string | undefined])[] = [
    ["0x0000000000000001", undefined],
    ["0x0000000000000004", undefined],
    ["0x0000000000000060", "thermal"],
    ["0x0000000000000080", "power"],
  ];
  for (const [mask, slowdown] of masks) {
    const [row] = readGpuMachine("a10").nvidiaSmi.rows;
    const { gpus } = await setUp("a10", { rows: [{ ...row, "clocks_event_reasons.active": mask }] }).ask();
    assert.equal(gpus[0]?.slowdown, slowdown, mask);
  }
});

test("missing fields are undefined; a field that asks for a reset is recognized", async () => {
  const [gpu] = (await setUp("values-missing").ask()).gpus;
  assert.deepEqual(
    [gpu?.temperatureCelsius, gpu?.powerWatts, gpu?.powerLimitWatts, gpu?.isPersistent, gpu?.eccUncorrected],
    [undefined, undefined, undefined, undefined, undefined],
  );
  assert.deepEqual([gpu?.needsReset, gpu?.isRemapPending], [false, undefined]);
  assert.equal((await setUp("requires-reset").ask()).gpus[0]?.needsReset, true);
});

test("a field that an older nvidia-smi refuses is queried once, and does not cost the others", async () => {
  const { host, ask } = setUp("older-smi");
  const { gpus } = await ask();
  assert.deepEqual([gpus[0]?.powerWatts, gpus[0]?.isRemapPending], [52.31, undefined]);
  const queries = host.commands.filter((command) => command.includes("power.draw"));
  assert.equal(queries.length, 4, "one for each of three refusals, and the one that is taken");
  const before = host.commands.length;
  host.clock.jump(30_000);
  await ask();
  const optional = host.commands.slice(before).filter((command) => command.includes("power.draw"));
  assert.equal(optional.length, 1);
  assert.doesNotMatch(optional[0] ?? "", /fabric|recovery|clocks_event/);
});

test("it is queried once in 30 seconds, however many callers there are, and once with each driver for the CUDA version", async () => {
  const { host, smi, ask } = setUp("h100-nvswitch-8");
  const [one, other] = await Promise.all([ask(), ask()]);
  assert.equal(one, other);
  assert.equal(host.commands.length, 4);
  host.clock.jump(20_000);
  await ask();
  assert.equal(host.commands.length, 4);
  host.clock.jump(10_000);
  await ask();
  assert.equal(host.commands.length, 5, "all fields that are known to be taken, at once");
  host.clock.jump(30_000);
  await smi.query("999.1");
  assert.equal(host.commands.length, 9);
});

/** The commands of that many half minutes. */
async function commandsOf(turns: number, { host, ask }: ReturnType<typeof setUp>): Promise<readonly string[][]> {
  const commands: string[][] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const before = host.commands.length;
    await ask();
    commands.push(host.commands.slice(before));
    host.clock.jump(30_000);
  }
  return commands;
}

test("after the first time it runs once in 30 seconds, and each tenth time for the memory rows", async () => {
  for (const name of ["a10", "older-smi", "h100-nvswitch-8", "inforom-corrupt"]) {
    const [, ...later] = await commandsOf(41, setUp(name));
    assert.deepEqual(new Set(later.map(({ length }) => length)), new Set([1]), name);
    const turnsOfRows = later.flatMap(([command = ""], index) => (command.includes("remapped") ? [index + 1] : []));
    assert.deepEqual(turnsOfRows, [10, 20, 30, 40], name);
  }
});

test("one call gives the same as the several calls of the first time, on every machine", async () => {
  for (const name of GPU_MACHINES.filter(
    (each) => !["no-gpu", "driver-missing", "off-the-bus-at-probe", "smi-hangs"].includes(each),
  )) {
    const { host, ask } = setUp(name);
    const answers = [];
    for (let turn = 0; turn < 12; turn += 1) {
      answers.push(await ask());
      host.clock.jump(30_000);
    }
    for (const answer of answers) assert.deepEqual(answer, answers[0], name);
  }
});

test("memory rows that wait for a reset are seen within five minutes, and their end within one", async () => {
  const world = setUp("a10");
  const say = (pending: string) => {
    const { nvidiaSmi } = world.machine;
    const rows = nvidiaSmi.rows.map((row) => ({ ...row, "remapped_rows.pending": pending }));
    becomeGpuMachine(world.host, { ...world.machine, nvidiaSmi: { ...nvidiaSmi, rows } });
  };
  const isPending = async () => (await world.ask()).gpus[0]?.isRemapPending;
  await commandsOf(2, world);
  say("Yes");
  await commandsOf(9, world);
  assert.equal(await isPending(), true);
  say("No");
  await commandsOf(3, world);
  assert.equal(await isPending(), false);
});

test("a field that another nvidia-smi refuses under the same driver restarts the discovery of fields", async () => {
  const world = setUp("a10");
  await commandsOf(2, world);
  const { nvidiaSmi } = world.machine;
  const unknownFields = [...(nvidiaSmi.unknownFields ?? []), "fabric.state"];
  becomeGpuMachine(world.host, { ...world.machine, nvidiaSmi: { ...nvidiaSmi, unknownFields } });
  const [first = [], second = []] = await commandsOf(2, world);
  assert.deepEqual([first.length > 1, second.length], [true, 1]);
  assert.equal((await world.ask()).gpus[0]?.product, "NVIDIA A10");
});
