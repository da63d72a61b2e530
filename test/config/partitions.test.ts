import assert from "node:assert/strict";
import { test } from "node:test";
import { dnsSuffixOf, explainRegion, findPartition, knownRegions, PARTITIONS } from "../../agent/config/partitions.ts";

test("each known region is one of its own partition", () => {
  for (const { id, regions } of PARTITIONS)
    for (const region of regions) assert.equal(findPartition(region)?.id, id, region);
  assert.equal(new Set(knownRegions()).size, knownRegions().length);
});

test("a newer region of a known part of the world is a region, a misspelt one is none", () => {
  assert.equal(findPartition("eu-northwest-9")?.id, "aws");
  for (const region of [
    "us-esat-1",
    "us-east1",
    "us-east-",
    "us-east-1a",
    "us-east-123",
    "xx-east-1",
    "",
    "useast-1",
    "us-gov-1",
  ])
    assert.equal(findPartition(region), undefined, region);
});

test("services have the suffix of the region's partition", () => {
  for (const [region, suffix] of [
    ["us-gov-west-1", "amazonaws.com"],
    ["cn-north-1", "amazonaws.com.cn"],
    ["eusc-de-east-1", "amazonaws.eu"],
    ["us-iso-east-1", "c2s.ic.gov"],
    ["us-isob-east-1", "sc2s.sgov.gov"],
    ["us-isof-south-1", "csp.hci.ic.gov"],
    ["eu-isoe-west-1", "cloud.adc-e.uk"],
    ["REGION", "amazonaws.com"],
  ] as const)
    assert.equal(dnsSuffixOf(region), suffix, region);
});

test("what is no region is answered with the nearest one, or an example", () => {
  for (const [region, nearest] of [
    ["us-esat-1", "us-east-1"],
    ["useast-1", "us-east-1"],
    ["EU-CENTRAL-1", "eu-central-1"],
    ["eu-cental-2", "eu-central-2"],
  ] as const)
    assert.match(explainRegion(region), new RegExp(`did you mean ${nearest}\\?`), region);
  assert.equal(explainRegion("frankfurt"), "must be an AWS region such as us-east-1");
});
