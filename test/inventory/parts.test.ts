import assert from "node:assert/strict";
import { test } from "node:test";
import { HARDWARE_PARTS, PART_SCHEMAS } from "../../agent/inventory/parts.ts";

test("serial numbers, UUIDs, asset tags and addresses are not kept, wherever the library puts them", () => {
  const secret = "S3CR3T";
  const secrets = { serial: secret, serialNum: secret, uuid: secret, assetTag: secret, sku: secret, mac: secret };
  const raw = {
    system: {
      system: { manufacturer: "Dell", model: "R750", ...secrets },
      board: { manufacturer: "Dell", ...secrets },
      bios: { vendor: "Dell", ...secrets },
      ...{ uuid: secrets, net: [secrets] },
    },
    cpu: { brand: "EPYC", ...secrets },
    memory: [{ size: 1, ...secrets }],
    disks: [{ name: "sda", label: secret, mount: secret, ...secrets }],
  };
  for (const part of HARDWARE_PARTS) {
    const kept = JSON.stringify(PART_SCHEMAS[part].parse(raw[part]));
    assert.doesNotMatch(kept, /S3CR3T/, part);
  }
});

test("what a vendor did not fill in, garbage and controls are as good as absent; words and lists are bounded", () => {
  const { system, board, bios } = PART_SCHEMAS.system.parse({
    system: { manufacturer: "To Be Filled By O.E.M.", model: "-", version: "Not Specified", virtual: "yes" },
    board: { manufacturer: "\u001b[31mred\nline", model: "x".repeat(10_000), memSlots: "four" },
    bios: {},
  });
  assert.deepEqual(JSON.parse(JSON.stringify(system)), {});
  assert.equal(board.manufacturer, "red ⏎ line");
  assert.ok((board.model?.length ?? 0) < 150);
  assert.deepEqual([board.memSlots, bios.vendor], [undefined, undefined]);
  const many = PART_SCHEMAS.memory.parse(Array.from({ length: 5000 }, () => ({ size: 1 })));
  assert.equal(many.length, 256);
});

test("what is kept is kept again as it is: a child writes it, and its parent reads it", () => {
  const disks = PART_SCHEMAS.disks.parse([
    { name: "nvme0n1", size: 1e12, physical: "SSD", removable: false, uuid: "u" },
  ]);
  assert.deepEqual(PART_SCHEMAS.disks.parse(JSON.parse(JSON.stringify(disks))), disks);
});

test("an answer of another form is refused", () => {
  for (const part of HARDWARE_PARTS)
    for (const answer of [null, "text", 7]) assert.equal(PART_SCHEMAS[part].safeParse(answer).success, false, part);
});
