// A virtual machine's two network cards: a tap each, bridged with the links that its network namespace has for a container.
import { execa } from "execa";
import type { Addresses } from "../addresses.ts";
import { clean } from "../environment.ts";

/** The cards by the name that their interface has in the machine. */
export const cards = ["eth0", "uplink"] as const;

/** The tap of a card, in the machine's namespace. */
export function tapOf(card: (typeof cards)[number]): string {
  return `tap-${card}`;
}

/** The address that a card has in its sandbox's network. */
export function cardAddress({ slot }: Addresses, card: (typeof cards)[number]): string {
  const pair = [slot, cards.indexOf(card) + 1].map((byte) => byte.toString(16).padStart(2, "0"));
  return ["52:54:00:d5", ...pair].join(":");
}

/** Makes the taps, and takes from the links the addresses that are the machine's own here. */
export async function ensureTaps({ machineNamespace }: Addresses): Promise<void> {
  const ip = (...args: string[]) => execa("ip", ["-n", machineNamespace, ...args], clean());
  const exists = async (link: string) =>
    !(await execa("ip", ["-n", machineNamespace, "link", "show", link], { ...clean(), reject: false })).failed;
  for (const card of cards) {
    const [bridge, tap] = [`br-${card}`, tapOf(card)];
    const mtu = JSON.parse((await ip("-json", "link", "show", card)).stdout)[0].mtu;
    if (!(await exists(bridge))) await ip("link", "add", bridge, "type", "bridge");
    if (!(await exists(tap))) await ip("tuntap", "add", "dev", tap, "mode", "tap");
    await ip("address", "flush", "dev", card);
    for (const port of [card, tap]) await ip("link", "set", port, "mtu", String(mtu), "master", bridge, "up");
    // The namespace has no address of its own on the bridge, not even a local one.
    await ip("link", "set", bridge, "addrgenmode", "none", "up");
  }
}
