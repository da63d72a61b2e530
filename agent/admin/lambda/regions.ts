// What is special about a region of Lambda Cloud.

/** Lambda's document: firewall rules do not apply to it. */
export const UNFILTERED_REGION = "us-south-1";

/** The regions in which rules apply come first, in their own order: where any will do, a machine is better behind its rules. */
export function filteredFirst(regions: readonly string[]): readonly string[] {
  return regions.toSorted((one, other) => Number(one === UNFILTERED_REGION) - Number(other === UNFILTERED_REGION));
}
