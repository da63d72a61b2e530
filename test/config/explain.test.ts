// Any slip of the keyboard in any key of the configuration is answered with a key that is one slip away.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { distance } from "fastest-levenshtein";
import * as z from "zod";
import { knownKeys } from "../../agent/config/explain.ts";
import { parseConfig } from "../../agent/config/load.ts";
import { configSchema } from "../../agent/config/schema.ts";
import { SatelliteError } from "../../agent/errors.ts";

const FILE = "/etc/eks-satellite/config.yaml";
/** Stands for a key that the user chooses, such as a registry's name. */
const FREE_KEY = "example.com";

type Path = readonly (string | number)[];

/** Every path of the schema to a key of its own. */
function pathsOf(schema: unknown, path: Path = []): readonly Path[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return pathsOf(schema.unwrap(), path);
  if (schema instanceof z.ZodArray) return pathsOf(schema.element, [...path, 0]);
  if (schema instanceof z.ZodRecord) return pathsOf(schema.valueType, [...path, FREE_KEY]);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).flatMap(([key, inner]) => [[...path, key], ...pathsOf(inner, [...path, key])]);
}

/** A document that has nothing but this key. */
const documentOf = (path: Path): unknown =>
  path.reduceRight<unknown>((inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }), {});

const PATHS = pathsOf(configSchema);
const characters = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_ .:#".split(""));

function edited(key: string, kind: number, at: number, character: string): string {
  const from = at % (key.length + 1);
  const [before, here = "", after] = [key.slice(0, from), key.charAt(from), key.slice(from + 1)];
  if (kind === 0) return before + character + here + after;
  if (kind === 1) return before + after;
  return before + character + after;
}

test("a slip in any key names a key that is one slip away", () => {
  assert.ok(PATHS.length > 80, `${PATHS.length} keys`);
  const slips = fc.tuple(fc.constantFrom(...PATHS), fc.nat(2), fc.nat(40), characters);
  fc.assert(
    fc.property(slips, ([path, kind, at, character]) => {
      const table = path.slice(0, -1);
      const slip = edited(String(path.at(-1)), kind, at, character);
      const known = knownKeys(configSchema, table);
      fc.pre(!known.includes(slip));
      const text = JSON.stringify(documentOf([...table, slip]));
      assert.throws(
        () => parseConfig(text, FILE, "gpu-1"),
        (error: SatelliteError) => {
          const place = [...table, slip].join(".");
          const part = error.parts.find(({ message }) => message.endsWith(`unknown key ${place}`));
          const nearest = known.find((key) => part?.hint === `Did you mean ${[...table, key].join(".")}?`);
          assert.ok(nearest !== undefined, `${place}: ${error.message} → ${part?.hint}`);
          assert.ok(distance(nearest.toLowerCase(), slip.toLowerCase()) <= 1, `${nearest} for ${slip}`);
          return true;
        },
      );
    }),
    { numRuns: 3000, seed: 1 },
  );
});

test("a mistake in what an option gave is one of the option", () => {
  assert.throws(
    () => parseConfig("cluster: { name: demo, region: us-esat-1 }", FILE, "gpu-1", { "cluster.region": "--region" }),
    (error: SatelliteError) => {
      assert.equal(error.parts[0]?.message, '--region "us-esat-1": must be an AWS region: did you mean us-east-1?');
      assert.ok(error instanceof SatelliteError);
      return true;
    },
  );
});
