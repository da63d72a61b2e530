import assert from "node:assert/strict";
import { test } from "node:test";
import { readCarrier, readCarryingInterface } from "../../../agent/network/carrier/carrier.ts";
import { MemoryHost } from "../../fakes/memory-host.ts";
import { FIRST, routeTable, SECOND } from "./two-gateways.ts";

const VPC = ["10.20.0.0/16"];

function hostWith(table: string): MemoryHost {
  const host = new MemoryHost();
  host.files.put("/proc/net/route", table);
  return host;
}

test("before the first choice the machine's routes say which gateway carries the traffic", async () => {
  const known = { gateways: [FIRST, SECOND], vpcCidrs: VPC };
  assert.equal(await readCarrier(hostWith(routeTable("es1")), known), SECOND.name);
  assert.equal(await readCarrier(hostWith(routeTable("es0")), known), FIRST.name);
  assert.equal(await readCarrier(hostWith(routeTable("eth0")), known), undefined);
  assert.equal(await readCarrier(new MemoryHost(), known), undefined);
});

test("one gateway needs no choice", async () => {
  assert.equal(await readCarrier(hostWith(routeTable("es1")), { gateways: [FIRST], vpcCidrs: VPC }), undefined);
  assert.equal(await readCarryingInterface(hostWith(routeTable("es1")), VPC), "es1");
  assert.equal(await readCarryingInterface(hostWith(routeTable("es1")), []), undefined);
});
