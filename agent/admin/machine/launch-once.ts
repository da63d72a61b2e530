// One launch that makes one machine: an answer that was lost is looked for by the launch's tag before anything is tried again.
import { describe, SatelliteError } from "../../errors.ts";
import type { LambdaApi, LaunchRequest, Machine } from "../lambda/api.ts";
import { isOutcomeUnknown } from "../lambda/errors.ts";
import { TAGS } from "../lambda/tags.ts";
import { pause, type WaitContext } from "./wait.ts";

const ATTEMPTS = 3;
const LOOK_SECONDS = 60;
const LOOK_EVERY_SECONDS = 5;

/** Returns the id of the machine. @param known ids of the machines that were there before @throws launch-unknown, interrupted, what Lambda refuses */
export async function launchOnce(
  lambda: LambdaApi,
  request: LaunchRequest,
  { known, ...context }: WaitContext & { readonly known: ReadonlySet<string> },
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await lambda.launch(request, context.signal);
    } catch (error) {
      if (!isOutcomeUnknown(error) && !context.signal.aborted) throw error;
      context.say(`the answer to the launch was lost (${describe(error).message}); looking for the machine by its tag`);
      const found = await lookFor(lambda, request, { known, ...context });
      if (found !== undefined) return found;
      if (context.signal.aborted || attempt === ATTEMPTS) throw error;
      context.say("no machine was made: trying again");
    }
  }
}

/** After an interruption it looks once. @throws launch-unknown when Lambda does not say what there is */
async function lookFor(
  lambda: LambdaApi,
  request: LaunchRequest,
  { known, ...context }: WaitContext & { readonly known: ReadonlySet<string> },
): Promise<string | undefined> {
  const { clock, signal } = context;
  const untilMs = clock.monotonic() + LOOK_SECONDS * 1000;
  const isOurs = (machine: Machine) =>
    machine.tags[TAGS.launch] === request.tags[TAGS.launch] ||
    (machine.name === request.name && !known.has(machine.id));
  for (let last: unknown; ; ) {
    try {
      // Without the signal: what the user interrupted may have made a machine that costs.
      const found = (await lambda.list()).find(isOurs);
      if (found !== undefined) return found.id;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (signal.aborted || clock.monotonic() >= untilMs) {
      if (last === undefined) return undefined;
      throw unknownLaunch(request.name, last);
    }
    await pause(clock, LOOK_EVERY_SECONDS * 1000, signal).catch(() => undefined);
  }
}

function unknownLaunch(name: string, cause: unknown): SatelliteError {
  return new SatelliteError(
    "launch-unknown",
    `whether Lambda has made machine ${name} is unknown, and no second one is tried`,
    {
      hint: `Once Lambda answers: eks-satellite machine list; eks-satellite machine terminate ${name} ends it, if it is there.`,
      cause,
    },
  );
}
