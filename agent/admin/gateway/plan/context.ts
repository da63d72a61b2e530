// What the plans of a gateway's pieces share: AWS, the names, who asks, and values that a change is yet to bring.
import { SatelliteError } from "../../../errors.ts";
import type { AdminAws } from "../../../host/admin-aws.ts";
import type { GatewayAws } from "../../../host/gateway-aws/types.ts";
import type { Clock } from "../../../host/host.ts";
import { callAws } from "../../aws-call.ts";
import type { ClusterAccess } from "../../cluster-access.ts";
import type { GatewayNames } from "../names.ts";
import type { AskEc2 } from "../picture.ts";

export interface GatewayContext {
  readonly aws: GatewayAws;
  readonly adminAws: AdminAws;
  readonly access: ClusterAccess;
  readonly names: GatewayNames;
  readonly ask: AskEc2;
  readonly clock: Pick<Clock, "sleep">;
}

/** A value that is there, or that a change brings: an id, an address. */
export class Later<T> {
  #value: T | undefined;
  readonly #what: string;

  constructor(what: string, present: T | undefined) {
    this.#what = what;
    this.#value = present;
  }

  set(value: T): void {
    this.#value = value;
  }

  /** Undefined before its change was applied. */
  get known(): T | undefined {
    return this.#value;
  }

  /** @throws unexpected when its change was not applied before */
  get(): T {
    if (this.#value === undefined) throw new SatelliteError("unexpected", `${this.#what} is not made yet`);
    return this.#value;
  }
}

/** Makes a call to IAM, and explains what fails. @param arn the role or profile */
export function askIam<T>({ access }: GatewayContext, action: string, arn: string, call: () => Promise<T>): Promise<T> {
  return callAws({ action, resource: arn, caller: access.callerArn }, call);
}

export interface Waiting {
  /** How often it is tried, and how long between two tries. */
  readonly attempts: number;
  readonly everyMilliseconds: number;
  /** Said once, before the first wait. */
  readonly says: string;
}

/** Tries again while AWS has not caught up with an earlier change. The last error is thrown. */
export async function retryWhile<T>(
  { clock }: Pick<GatewayContext, "clock">,
  { attempts, everyMilliseconds, says }: Waiting,
  {
    isTooEarly,
    print,
    call,
  }: { isTooEarly: (error: unknown) => boolean; print: (line: string) => void; call: () => Promise<T> },
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt === attempts || !isTooEarly(error)) throw error;
      if (attempt === 1) print(says);
      await clock.sleep(everyMilliseconds);
    }
  }
}

/** Whether the cause chain has an error of the SDK with one of these codes. */
export function isAwsCode(error: unknown, ...codes: readonly string[]): boolean {
  for (let link = error; link instanceof Error; link = link.cause) if (codes.includes(link.name)) return true;
  return false;
}
