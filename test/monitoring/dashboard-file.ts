// The dashboard, as far as the tests read it: what its panels and variables ask Prometheus.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MONITORING } from "./rule-file.ts";

export const DASHBOARD = join(MONITORING, "grafana-dashboard.json");

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly id: number;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(DASHBOARD, "utf8")) as Dashboard;
}

/** Every query with the title of its panel. */
export function listQueries(): readonly { readonly title: string; readonly expr: string }[] {
  return readDashboard().panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
}
