// The proxy variables as Go's own library reads them, which kubelet and containerd use: questions in, the proxy of each out.
import { execa } from "execa";
import { buildProxyRules } from "./go-builds.ts";
import { Progress } from "./step.ts";

export interface ProxyQuestion {
  readonly environment: Readonly<Record<string, string>>;
  readonly url: string;
}

/** An empty proxy is a direct connection. */
export interface ProxyAnswer {
  readonly proxy?: string;
  readonly error?: string;
}

/** Asks Go about each of the questions. */
export async function askGoForProxies(questions: readonly ProxyQuestion[]): Promise<readonly ProxyAnswer[]> {
  const program = await buildProxyRules(new Progress());
  const { stdout } = await execa(program, { input: questions.map((each) => `${JSON.stringify(each)}\n`).join("") });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ProxyAnswer);
}
