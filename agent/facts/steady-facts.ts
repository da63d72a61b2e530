// Facts that must not follow a passing fault: each of them is a flag of kubelet, or a line of its configuration, and a change of it restarts kubelet.
import type { Clock } from "../host/host.ts";
import type { DnsFacts } from "./dns/dns-facts.ts";
import type { MachineFacts } from "./machine.ts";
import type { NodeFacts } from "./node-facts.ts";

/** What must be gone for a while before it counts as gone: an upgrade replaces it, a restart of its service takes it away for seconds. */
const PASSING = ["hasSystemdResolved", "hasEcrCredentialProvider"] as const;
const GONE_AFTER_MS = 5 * 60_000;

type Passing = (typeof PASSING)[number];

/** Remembers the facts of the round before. */
export class SteadyFacts {
  readonly #clock: Clock;
  #before: MachineFacts | undefined;
  #nameServers: readonly string[] = [];
  readonly #goneSinceMs = new Map<Passing, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The facts of this round, less what has changed only for a moment. */
  steady(facts: NodeFacts): NodeFacts {
    const machine = this.#before === undefined ? facts.machine : this.#keep(this.#before, facts.machine);
    this.#before = machine;
    return { ...facts, machine, dns: facts.dns && this.#keepNameServers(facts.dns) };
  }

  /** A service that is restarted takes its file away for seconds; other name servers would be another cache, an empty one. */
  #keepNameServers(dns: DnsFacts): DnsFacts {
    if (dns.nameServers.length > 0) this.#nameServers = dns.nameServers;
    return { ...dns, nameServers: this.#nameServers };
  }

  #keep(before: MachineFacts, now: MachineFacts): MachineFacts {
    return {
      ...now,
      // A GPU that falls off the bus is a fault, reported by gpu/.
      hasGpu: before.hasGpu || now.hasGpu,
      primaryIpv4: steadyAddress(before.primaryIpv4, now.primaryIpv4, now),
      primaryIpv6: steadyAddress(before.primaryIpv6, now.primaryIpv6, now),
      hasSystemdResolved: this.#isStill("hasSystemdResolved", before, now),
      hasEcrCredentialProvider: this.#isStill("hasEcrCredentialProvider", before, now),
    };
  }

  #isStill(fact: Passing, before: MachineFacts, now: MachineFacts): boolean {
    if (now[fact] || !before[fact]) {
      this.#goneSinceMs.delete(fact);
      return now[fact];
    }
    const goneSinceMs = this.#goneSinceMs.get(fact) ?? this.#clock.monotonic();
    this.#goneSinceMs.set(fact, goneSinceMs);
    return this.#clock.monotonic() - goneSinceMs < GONE_AFTER_MS;
  }
}

/**
 * The address stays while the machine has it, and when it has lost it without another one in its place: a lease that ran out comes back.
 * Only an address on the interface of the default route takes its place.
 */
function steadyAddress(before: string | undefined, now: string | undefined, machine: MachineFacts): string | undefined {
  if (before === undefined || before === now) return now;
  const { addresses, defaultInterface } = machine;
  if (addresses.some(({ address }) => address === before)) return before;
  const isRouted = addresses.some((each) => each.address === now && each.interface === defaultInterface);
  return isRouted ? now : before;
}
