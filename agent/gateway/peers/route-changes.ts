// What `ip -batch` is given so that exactly these routes lead to the interface: each satellite with smaller packets has some of its own.
import type { PeerRoute } from "./peer-routes.ts";

/** A route as `ip -json route show` names it. */
export interface SeenRoute {
  readonly dst: string;
  readonly prefsrc?: string | undefined;
  readonly metrics?: readonly { readonly mtu?: number | undefined }[] | undefined;
}

/** Lines without their newline, none where nothing differs. */
export function planRouteChanges(
  seen: readonly SeenRoute[],
  routes: readonly PeerRoute[],
  { device, source }: { readonly device: string; readonly source: string },
): readonly string[] {
  const wanted = new Map(routes.map(({ network, mtu }) => [network.replace(/\/32$/, ""), mtu]));
  const there = new Set(
    seen
      .filter(({ dst, prefsrc, metrics }) => prefsrc === source && wanted.get(dst) === metrics?.[0]?.mtu)
      .map(({ dst }) => dst),
  );
  const missing = [...wanted].filter(([dst]) => !there.has(dst));
  const stale = seen.filter(({ dst }) => !wanted.has(dst));
  return [
    ...missing.map(([dst, mtu]) => {
      const size = mtu === undefined ? "" : ` mtu ${mtu}`;
      return `route replace ${dst} dev ${device}${size} src ${source}`;
    }),
    ...stale.map(({ dst }) => `route del ${dst} dev ${device}`),
  ];
}
