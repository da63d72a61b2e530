// The plan of the round before, while its facts are those of the round before: the same input gives the same plan, and a comparison of
// facts costs a tenth of rendering it.
import { isDeepStrictEqual } from "node:util";
import type { Config } from "../config/schema.ts";
import { type Facts, type NodePlan, planNode } from "../plan/node-plan.ts";

/** A fact that the plan has and that is not compared would be missing from it: the compiler names it. */
type EachFact = { readonly [Fact in keyof Required<Facts>]: Facts[Fact] };

export class KeptPlan {
  readonly #config: Config;
  #last: { readonly facts: Facts; readonly plan: NodePlan } | undefined;

  /** Another configuration is another run of the agent. */
  constructor(config: Config) {
    this.#config = config;
  }

  /** As {@link planNode}. */
  plan(read: Facts): NodePlan {
    const { machine, cluster, containerd, kubeletVersion, tunnel, dns } = read; // What else was read decides nothing.
    const facts: EachFact = { machine, cluster, containerd, kubeletVersion, tunnel, dns };
    if (this.#last === undefined || !isDeepStrictEqual(this.#last.facts, facts))
      this.#last = { facts, plan: planNode(this.#config, facts) };
    return this.#last.plan;
  }
}
