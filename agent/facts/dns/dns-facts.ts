// What a cache for names on the machine asks, and who asks it.
import ipaddr from "ipaddr.js";
import { COREFILE, DNS_CACHE_ADDRESS } from "../../config/network/dns-cache.ts";
import type { Host } from "../../host/host.ts";
import type { ContainerdConfigFile } from "../containerd.ts";
import { SYSTEMD_RESOLV_CONF } from "../resolver.ts";

export interface DnsFacts {
  /** The machine's own, in order. */
  readonly nameServers: readonly string[];
  /** Pods that were started with the cache as their name server; 0 where there is no cache. */
  readonly askers: number;
}

const RESOLV_CONF = "/etc/resolv.conf";
/** As many as resolv.conf(5) may name. */
const MAX_NAME_SERVERS = 3;
const DEFAULT_ROOT = "/var/lib/containerd";
/** kubelet runs no more pods, and keeps a few that have ended. */
const MAX_SANDBOXES = 4000;
/** Three name servers, and the longest search list that Kubernetes takes (2048 characters). A container may write to its own: no more is read. */
const MAX_RESOLV_CONF_BYTES = 8192;
/** systemd-resolved's own stubs: its file beside them has what they ask. */
const STUBS = ["127.0.0.53", "127.0.0.54"];

/** Reads both. The pods are counted only where a cache is. */
export async function readDnsFacts(
  host: Pick<Host, "files">,
  containerd: ContainerdConfigFile | undefined,
): Promise<DnsFacts> {
  const [resolved, own, cache] = await Promise.all([
    host.files.read(SYSTEMD_RESOLV_CONF),
    host.files.read(RESOLV_CONF),
    host.files.status(COREFILE),
  ]);
  const fromResolved = listNameServers(resolved ?? "");
  return {
    nameServers: fromResolved.length > 0 ? fromResolved : listNameServers(own ?? ""),
    askers: cache === undefined ? 0 : await countAskers(host, containerd),
  };
}

/** The cache itself is none of them: it would ask itself. It is on the machine's network, and may ask one that listens on loopback. */
export function listNameServers(text: string): readonly string[] {
  const found = text.split("\n").flatMap((line) => {
    const [keyword, address = ""] = line.trim().split(/\s+/, 2);
    const isUsable = ipaddr.isValid(address) && !address.includes("%") && !STUBS.includes(address);
    return keyword === "nameserver" && isUsable && address !== DNS_CACHE_ADDRESS ? [address] : [];
  });
  return [...new Set(found)].slice(0, MAX_NAME_SERVERS);
}

/** containerd keeps the resolv.conf(5) of each pod that it has (internal/cri, getResolvPath). */
async function countAskers(
  { files }: Pick<Host, "files">,
  containerd: ContainerdConfigFile | undefined,
): Promise<number> {
  const root = containerd?.kind === "parsed" ? containerd.table.root : undefined;
  const folder = `${typeof root === "string" ? root : DEFAULT_ROOT}/io.containerd.grpc.v1.cri/sandboxes`;
  const ids = (await files.list(folder)).slice(0, MAX_SANDBOXES);
  const texts = await Promise.all(ids.map((id) => readOwn(files, `${folder}/${id}/resolv.conf`)));
  const line = new RegExp(`^nameserver\\s+${DNS_CACHE_ADDRESS.replaceAll(".", "\\.")}\\s*$`, "m");
  return texts.filter((text) => text !== undefined && line.test(text)).length;
}

/** Undefined where the pod has just gone, or has filled the file. */
async function readOwn(files: Host["files"], path: string): Promise<string | undefined> {
  const opened = await files.readWithStatus(path, MAX_RESOLV_CONF_BYTES).catch(() => undefined);
  return opened?.text;
}
