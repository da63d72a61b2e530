// Lines that a pod prints, as `kubectl exec` brings them: how many came, and the longest wait for one.
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { clean } from "../../sandbox/environment.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";

/** The satellite alone has something to say: kubectl sends nothing after the first line. */
export class Lines {
  readonly #kubectl;
  readonly #read: Promise<void>;
  #count = 0;
  #lastMs = 0;
  #longestGapMs = 0;

  /** @param target a pod, or `deployment/NAME`, whose image has a shell */
  constructor(sandbox: Sandbox, target: string) {
    const script = "i=0; while true; do echo $i; i=$((i+1)); sleep 0.1; done";
    const command = ["--kubeconfig", sandbox.kubeconfig, "exec", target, "--", "/bin/sh", "-c", script];
    const kubectl = execa(join(sandbox.programs.kubernetes, "kubectl"), command, { ...clean(), reject: false });
    this.#kubectl = kubectl;
    this.#read = this.#follow(kubectl.stdout);
  }

  /** How many came until now. */
  get count(): number {
    return this.#count;
  }

  /** Ends it. @throws Error with kubectl's words when the connection had ended by itself */
  async stop(): Promise<{ readonly count: number; readonly longestGapMs: number }> {
    this.#noteGap();
    const isRunning = this.#kubectl.kill();
    await this.#read;
    const { stderr } = await this.#kubectl;
    if (!isRunning) throw new Error(`kubectl exec ended by itself after ${this.#count} lines: ${stderr}`);
    return { count: this.#count, longestGapMs: Math.round(this.#longestGapMs) };
  }

  async #follow(output: NodeJS.ReadableStream): Promise<void> {
    for await (const line of createInterface({ input: output })) {
      if (Number(line) !== this.#count) throw new Error(`line ${line} in place of ${this.#count}`);
      if (this.#count > 0) this.#noteGap();
      this.#count += 1;
      this.#lastMs = performance.now();
    }
  }

  #noteGap(): void {
    this.#longestGapMs = Math.max(this.#longestGapMs, performance.now() - this.#lastMs);
  }
}
