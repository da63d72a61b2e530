// Keeps the gateway's chains: what they hold is compared each round with what iptables made of them, and written only when it differs.
import { SatelliteError } from "../errors.ts";
import type { Host, RunResult } from "../host/host.ts";
import { type ForwardPolicy, OWN_CHAINS, type OwnChain, renderForwardRules } from "./forward-rules.ts";

const TIMEOUT_SECONDS = 15;
/** Another program may hold the lock of iptables for seconds. */
const WAIT = ["--wait", "5"];

/** The chains as they were applied last. */
interface Applied {
  readonly rules: string;
  /** The same in iptables' own words: it adds defaults and changes the order. */
  readonly seen: string;
}

export class GatewayFirewall {
  readonly #host: Host;
  readonly #file: string;
  #applied: Applied | undefined;

  /** @param file where the rules lie while iptables-restore reads them */
  constructor(host: Host, file: string) {
    this.#host = host;
    this.#file = file;
  }

  /** Applies the policy, and says whether anything was written. Rules of other programs stay. @throws firewall-failed, command-missing */
  async apply(policy: ForwardPolicy): Promise<boolean> {
    const rules = renderForwardRules(policy);
    const isSame = rules === this.#applied?.rules && (await this.#readChains()) === this.#applied.seen;
    if (!isSame) await this.#restore(rules);
    const jumps = await Promise.all(OWN_CHAINS.map((chain) => this.#ensureJump(chain)));
    return !isSame || jumps.includes(true);
  }

  async #restore(rules: string): Promise<void> {
    await this.#host.files.write(this.#file, rules, { mode: 0o600 });
    await this.#run("iptables-restore", ["--noflush", ...WAIT, this.#file]);
    this.#applied = { rules, seen: await this.#readChains() };
  }

  async #readChains(): Promise<string> {
    const texts = await Promise.all(
      OWN_CHAINS.map(({ table, name }) => this.#try("iptables", ["-t", table, ...WAIT, "-S", name])),
    );
    return texts.map(({ exitCode, stdout }) => (exitCode === 0 ? stdout : "")).join("\n");
  }

  /** Before the rules of others: Docker, say, drops what it does not know. Where another program came before it later, it stays there. */
  async #ensureJump({ table, name, from }: OwnChain): Promise<boolean> {
    const check = await this.#try("iptables", ["-t", table, ...WAIT, "-C", from, "-j", name]);
    if (check.exitCode === 0) return false;
    await this.#run("iptables", ["-t", table, ...WAIT, "-I", from, "1", "-j", name]);
    return true;
  }

  async #run(command: string, args: readonly string[]): Promise<void> {
    const { exitCode, stderr } = await this.#try(command, args);
    if (exitCode === 0) return;
    throw new SatelliteError("firewall-failed", `${command} ${args.join(" ")} failed: ${stderr.trim().slice(0, 300)}`, {
      hint: "The gateway forwards nothing that its own chains do not allow: iptables -S shows them. Run the command by hand, as root.",
    });
  }

  #try(command: string, args: readonly string[]): Promise<RunResult> {
    return this.#host.run(command, args, { timeoutSeconds: TIMEOUT_SECONDS });
  }
}
