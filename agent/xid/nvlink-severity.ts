// The severity in a line of an NVLink Xid since Blackwell: `149, NETIR_LINK_EVT Fatal XC0 i0 Link 08 (0x004505c6 0x00000000 …)`.
// NVIDIA's catalogue, table "Xid 144-150": what is not fatal is to be ignored, or Xid 154 says what it needs.

const NVLINK_XIDS = { first: 144, last: 150 };
/** The unit, the severity, and whether the event was contained. A process's name comes before them. */
const EVENT = /([A-Z0-9_/]{1,40})\s{1,8}(?:link\s)?(non-?fatal|fatal)\s{1,8}XC\d/gi;
const INFORMATION = /\(0x([0-9a-f]{1,8})\b/gi;
/** Units whose fatal events with these causes need no reset: the link was taken down on purpose; the host failed. */
const LINK_DOWN = /^NETIR_LINK_(?:EVT|DOWN)/i;
const IGNORED_CAUSES: readonly number[] = [0x26, 0x28];

/** Whether the line says that its event needs nothing; undefined when it does not say. @param text what follows the number */
export function isHarmlessNvlinkEvent(xid: number, text: string): boolean | undefined {
  if (xid < NVLINK_XIDS.first || xid > NVLINK_XIDS.last) return undefined;
  const [, unit = "", severity] = [...text.matchAll(EVENT)].at(-1) ?? [];
  if (severity === undefined) return undefined;
  if (!/^fatal$/i.test(severity)) return true;
  const information = Number.parseInt([...text.matchAll(INFORMATION)].at(-1)?.[1] ?? "0", 16);
  return LINK_DOWN.test(unit) && IGNORED_CAUSES.includes((information >>> 20) & 0x3f);
}
