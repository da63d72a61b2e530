// The machine that a user means: by its id, its name, its host name or the Node that it is.
import { SatelliteError } from "../../errors.ts";
import type { Machine } from "../lambda/api.ts";
import { unknownName } from "../lambda/errors.ts";
import { TAGS } from "../lambda/tags.ts";

/** What a machine is called: the Node that it is, or else its own name. */
export function nameOf({ id, name, hostname, tags }: Machine): string {
  return tags[TAGS.node] ?? name ?? hostname ?? id;
}

/** Whether it still costs. */
export function isRented({ status }: Machine): boolean {
  return status !== "terminated";
}

/** Milliseconds since the epoch of its launch, as its tag has it. */
export function launchedAt({ tags }: Machine): number | undefined {
  const at = Date.parse(tags[TAGS.since] ?? "");
  return Number.isNaN(at) ? undefined : at;
}

/** Finds the one machine. @throws lambda-not-found with the nearest name, machine-ambiguous */
export function findMachine(machines: readonly Machine[], wanted: string): Machine {
  const machine = findMachineIfAny(machines, wanted);
  if (machine === undefined) throw unknownName("machine", wanted, machines.filter(isRented).map(nameOf));
  return machine;
}

/** The same, where there need be none. @throws machine-ambiguous */
export function findMachineIfAny(machines: readonly Machine[], wanted: string): Machine | undefined {
  const rented = machines.filter(isRented);
  const withId = rented.find(({ id }) => id === wanted);
  if (withId !== undefined) return withId;
  const named = rented.filter(({ name, hostname, tags }) => [tags[TAGS.node], name, hostname].includes(wanted));
  if (named.length < 2) return named[0];
  throw new SatelliteError("machine-ambiguous", `${named.length} machines are called ${wanted}`, {
    hint: `Give the id of the one that is meant: ${named.map(({ id }) => id).join(", ")}.`,
  });
}
