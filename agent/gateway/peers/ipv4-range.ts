// Networks as ranges of numbers: whether one lies in another, and whether any two of many overlap.

/** A network of IPv4, first and last address. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** The range of a network in CIDR form, or of a single address. The text has been checked. */
export function toRange(network: string): Range {
  const [address = "", length = "32"] = network.split("/");
  const first = address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
  return { first, last: first + 2 ** (32 - Number(length)) - 1 };
}

export function isWithin(inner: Range, outer: Range): boolean {
  return inner.first >= outer.first && inner.last <= outer.last;
}

/** Ranges that do not overlap, each with its owner; a search takes as long as a dictionary's. */
export class RangeTable {
  readonly #rows: { readonly range: Range; readonly owner: string }[] = [];

  /** Who has a part of the range; undefined when it is free. */
  ownerOf(range: Range): string | undefined {
    const found = this.#rows[this.#firstEndingFrom(range.first)];
    return found !== undefined && found.range.first <= range.last ? found.owner : undefined;
  }

  /** Takes a range that is free. */
  add(range: Range, owner: string): void {
    this.#rows.splice(this.#firstEndingFrom(range.first), 0, { range, owner });
  }

  #firstEndingFrom(address: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#rows[middle]?.range.last ?? 0) < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
