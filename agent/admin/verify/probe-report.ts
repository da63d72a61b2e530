// What the probe in the pod has written, by what it asked.

export const PROBED = ["dns", "cluster-ip", "service", "node-port"] as const;
export type Probed = (typeof PROBED)[number];

export interface ProbeAnswer {
  /** `late`: not one question has ended in the probe's time. */
  readonly verdict: "yes" | "no" | "late";
  /** The program's own words. */
  readonly said: string;
}

const HEADING = /^== ([a-z-]{1,20}) (yes|no|late)$/;

/** Reads the report; what it does not have was not asked. */
export function readProbeReport(text: string): ReadonlyMap<Probed, ProbeAnswer> {
  const report = new Map<Probed, ProbeAnswer>();
  let current: Probed | undefined;
  for (const line of text.split("\n")) {
    const [, name, verdict] = HEADING.exec(line) ?? [];
    const probed = PROBED.find((each) => each === name);
    if (probed !== undefined) {
      current = probed;
      report.set(probed, { verdict: verdict as ProbeAnswer["verdict"], said: "" });
    } else if (current !== undefined) {
      const { verdict: known = "late", said = "" } = report.get(current) ?? {};
      report.set(current, { verdict: known, said: `${said}\n${line}`.trim() });
    }
  }
  return report;
}
