// NVIDIA's Xids as explanations, from the catalogue by which the daemon judges them.
import { ADVICE, WHOM_TO_ASK } from "../gpu/gpu-fault.ts";
import { isFatalAction } from "../xid/gpu-action.ts";
import { explainQuietXid, XIDS, type XidEntry } from "../xid/xid-catalogue.ts";
import { type Explanation, explanation } from "./explanation.ts";

const CATALOGUE = "https://docs.nvidia.com/deploy/xid-errors/";

/** Lists an explanation of each number. */
export function listXids(): readonly Explanation[] {
  return Object.entries(XIDS).map(([xid, entry]) => explainXid(xid, entry));
}

function explainXid(xid: string, { meaning, action, origin }: XidEntry): Explanation {
  const isFault = isFatalAction(action);
  return explanation({
    kind: "xid",
    name: xid,
    aliases: [`xid ${xid}`, ...(isFault ? [`gpu-xid-${xid}`] : [])],
    meaning: `Xid ${xid} of NVIDIA's driver: ${meaning}.`,
    details: [
      isFault
        ? "A fault of the GPU: GpuHealthy is false until the next boot, a new load of the driver, or a reported reset."
        : `No fault: it is counted and logged. ${sentence(explainQuietXid(Number(xid), action))}`,
    ],
    ...(origin === "unused" ? {} : { todo: ADVICE[action], ask: sentence(WHOM_TO_ASK[action]) }),
    more: `\`dmesg | grep -i xid\`; NVIDIA's catalogue: ${CATALOGUE}`,
    see: isFault ? ["GpuXid", "GpuHealthy"] : [],
  });
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
