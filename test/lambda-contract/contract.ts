// Asks a real account of Lambda Cloud, by GET alone, and compares its answers with the shapes that the client and the sandbox's stand-in share.
import type { LambdaAccess } from "../../agent/admin/lambda/access.ts";
import { explainRefusal } from "../../agent/admin/lambda/refusal.ts";
import { ANSWERS, KNOWN_STATUSES } from "../../agent/admin/lambda/shapes.ts";
import { describe } from "../../agent/errors.ts";
import type { Host } from "../../agent/host/host.ts";
import { compareWithShape } from "./compare.ts";

/** Those without a parameter: nothing is created, changed or deleted. */
const CALLS = (Object.keys(ANSWERS) as (keyof typeof ANSWERS)[]).filter((call) => /^GET [^{]+$/.test(call));
const SPACE_MS = 1500;

/** Prints a part for each call; returns whether every answer fits. */
export async function checkContract(
  host: Pick<Host, "fetch" | "clock">,
  access: LambdaAccess,
  print: (line: string) => void,
): Promise<boolean> {
  let fits = true;
  for (const call of CALLS) {
    fits = (await checkCall(host, access, { call, print })) && fits;
    await host.clock.sleep(SPACE_MS);
  }
  print(fits ? "every answer fits" : "an answer does not fit: the shapes are in agent/admin/lambda/shapes.ts");
  return fits;
}

interface Asked {
  readonly call: keyof typeof ANSWERS;
  readonly print: (line: string) => void;
}

async function checkCall(
  host: Pick<Host, "fetch">,
  { baseUrl, key, keySource }: LambdaAccess,
  { call, print }: Asked,
): Promise<boolean> {
  const url = `${baseUrl}${call.replace("GET ", "")}`;
  const headers = { authorization: `Bearer ${key.reveal()}`, accept: "application/json" };
  try {
    const { status, body } = await host.fetch({ url, headers, timeoutSeconds: 30 });
    if (status !== 200) throw explainRefusal({ call, status, body, keySource });
    const { data } = JSON.parse(body) as { readonly data?: unknown };
    const { wrong, unknown, absent } = compareWithShape(ANSWERS[call], data);
    print(`${call}  ${wrong.length === 0 ? "fits" : "DOES NOT FIT"}, ${countOf(data)}`);
    for (const each of wrong) print(`  wrong   ${each}`);
    for (const each of unknown) print(`  new     ${each}`);
    for (const each of absent) print(`  absent  ${each}`);
    for (const each of newStatuses(call, data)) print(`  new     status ${each}`);
    return wrong.length === 0;
  } catch (error) {
    print(`${call}  FAILED: ${describe(error).message}`);
    return false;
  }
}

/** Shapes are compared with what is there: of nothing they say nothing. */
function countOf(data: unknown): string {
  return Array.isArray(data) ? `${data.length} there` : `${Object.keys(data ?? {}).length} keys`;
}

function newStatuses(call: string, data: unknown): readonly string[] {
  if (call !== "GET /instances" || !Array.isArray(data)) return [];
  const statuses = data.map((each: { readonly status?: unknown }) => String(each.status).slice(0, 40));
  return [...new Set(statuses)].filter((status) => !(KNOWN_STATUSES as readonly string[]).includes(status));
}
