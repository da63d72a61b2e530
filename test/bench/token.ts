// What minting a token costs, in this process.
import { mintEksToken } from "../../agent/credentials/eks-token.ts";
import { Secret } from "../../agent/secret.ts";

const MINTS = 101;

/** Milliseconds of each mint, the first one, which loads and compiles, among them. */
export async function measureTokenMint(): Promise<readonly number[]> {
  const keys = {
    accessKeyId: "ASIAEXAMPLE",
    secretAccessKey: new Secret("example-secret"),
    sessionToken: new Secret("t".repeat(900)),
  };
  const cluster = { name: "bench", region: "us-east-1" };
  const milliseconds: number[] = [];
  for (let run = 0; run < MINTS; run += 1) {
    const began = performance.now();
    await mintEksToken(keys, cluster, Date.now());
    milliseconds.push(performance.now() - began);
  }
  return milliseconds;
}
