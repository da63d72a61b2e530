// Power cuts while the daemon writes: never a half-written file, and the node is Ready again with nobody's help.
import { after, before, test } from "node:test";
import { cutPowerInRounds } from "./cut-power.ts";
import { bringUp, type Satellite } from "./satellite.ts";

/** Each takes some seconds: `EKS_SATELLITE_POWER_CUTS=20` for more. */
const CUTS = Number(process.env.EKS_SATELLITE_POWER_CUTS ?? 4);

let satellite: Satellite;
before(async () => {
  satellite = await bringUp();
  await satellite.restore();
});
after(() => satellite.restore());

test(`${CUTS} power cuts in the midst of rounds that write: every file is whole, and the node comes back by itself`, () =>
  // From the daemon's start to the end of its first round are about 0.3 s, and to a Ready node 1 s.
  cutPowerInRounds(satellite, { cuts: CUTS, longestMs: 1500, healthyMs: 120_000 }));
