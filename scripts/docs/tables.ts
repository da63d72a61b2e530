// Pages that are one table or two: conditions, checks, events, files, the HTTP endpoint.
import { CONDITIONS } from "../../agent/board/condition-types.ts";
import { LOCAL_NOTICES, NOTICES } from "../../agent/board/notices.ts";
import { CHECKS } from "../../agent/commands/check.ts";
import { healthUrl } from "../../agent/config/health-schema.ts";
import {
  managedFiles,
  providedFiles,
  runFiles,
  stateFiles,
  type WrittenFile,
} from "../../agent/config/written-files.ts";
import { criticalGpuConditions } from "../../agent/gpu/gpu-report.ts";
import { HTTP_PATHS } from "../../agent/health/http-paths.ts";
import { DEFAULTS, withGpuRequired } from "./defaults.ts";
import { code, codes, renderPage, section, sentence, table } from "./markdown.ts";

export function renderConditions(): string {
  const withGpus = criticalGpuConditions(withGpuRequired());
  const rows = Object.entries(CONDITIONS).map(([type, { trueWhen, isCritical, holdSeconds, dependsOn }]) => [
    code(type),
    trueWhen,
    isCritical ? "yes" : withGpus.some((each) => each === type) ? "with `gpu.mode: required`" : "",
    holdSeconds === 0 ? "" : holdSeconds,
    codes(dependsOn),
  ]);
  return renderPage({
    title: "Conditions",
    from: "agent/board/condition-types.ts",
    intro:
      "What the daemon watches, causes before consequences. A false condition has a reason, a message with the value, and a hint; [troubleshooting](../troubleshooting/README.md) lists the reasons.",
    sections: [
      table(["condition", "true when", "critical", "holds, s", "explained by"], rows),
      "`/readyz` is 200 while every critical condition is true. A condition that was true becomes false only when it was contradicted for as long as it holds. A false condition whose explanation is false too is a consequence, and is not reported by itself.",
    ],
  });
}

export function renderChecks(): string {
  const groups = [...new Set(CHECKS.map(({ group }) => group))];
  return renderPage({
    title: "Checks",
    from: "agent/check/",
    intro:
      "What `eks-satellite check` looks at. `--only` and `--skip` take these names; a check is ok, a warning, failed, what the daemon brings by itself (`pending`), or unknown.",
    sections: groups.map((group) =>
      section(
        group.charAt(0).toUpperCase() + group.slice(1),
        table(
          ["check", "ok when"],
          CHECKS.filter((check) => check.group === group).map(({ name, checks }) => [code(name), checks]),
        ),
      ),
    ),
  });
}

export function renderEvents(): string {
  const rows = (notices: Readonly<Record<string, { readonly type: string; readonly when: string }>>) =>
    Object.entries(notices).map(([reason, { type, when }]) => [code(reason), type, sentence(when)]);
  const columns = ["reason", "type", "recorded when"];
  return renderPage({
    title: "Events",
    from: "agent/board/notices.ts",
    intro:
      "Events of the daemon on its Node, which `kubectl describe node` shows, and in `/status`. The same event is left out when it was sent within the last ten minutes.",
    sections: [
      section(
        "From conditions",
        "A condition that becomes false and that no other explains is an event of type Warning. It has the condition's reason; [troubleshooting](../troubleshooting/README.md) lists the reasons.",
        "In `/status` every change of a condition is an entry, of type Normal when it is true again or a consequence. When the Node's condition `SatelliteHealthy` or `GpuHealthy` is true again, an event of type Normal has its name as the reason.",
      ),
      section("With a reason of their own", table(columns, rows(NOTICES))),
      section("In /status alone", table(columns, rows(LOCAL_NOTICES))),
    ],
  });
}

export function renderFiles(): string {
  const files = (all: readonly WrittenFile[]) =>
    table(
      ["path", "mode", "what"],
      all.map(({ path, mode, what }) => [code(path), mode, sentence(what)]),
    );
  return renderPage({
    title: "Files",
    from: "agent/config/written-files.ts",
    intro:
      "What the daemon writes, with the paths of the default configuration. Long-lived keys stay in the file where you put them: the daemon writes session keys only.",
    sections: [
      section(
        "Configuration of the node",
        "Compared in each round and repaired; `eks-satellite reset` restores the originals.",
        files(managedFiles(DEFAULTS)),
      ),
      section(
        "Programs and devices",
        "Provided where they are missing; `eks-satellite reset` removes what the daemon made.",
        files(providedFiles(DEFAULTS)),
      ),
      section("State", "Survives a reboot (`stateFolder`).", files(Object.values(stateFiles(DEFAULTS)))),
      section("Short-lived", "On a tmpfs (`runFolder`).", files(Object.values(runFiles(DEFAULTS)))),
    ],
  });
}

export function renderHttp(): string {
  const paths = Object.entries(HTTP_PATHS);
  const rows = paths.flatMap(([path, { answers }]) =>
    Object.entries(answers).map(([status, answer]) => [code(path), status, sentence(answer)]),
  );
  const probes = paths.filter(([, { isProbe }]) => isProbe).map(([path]) => path);
  return renderPage({
    title: "HTTP endpoint",
    from: "agent/health/http-paths.ts",
    intro: `What the daemon answers over HTTP, on ${code(healthUrl(DEFAULTS.health, ""))} (\`health.address\`, \`health.port\`). It answers GET and HEAD only, changes nothing, and shows no secrets.`,
    sections: [
      table(["path", "status", "when, or what"], rows),
      `${codes(probes)} answer \`ok\`, or what is wrong. With \`?verbose\` they list every part; \`?exclude=NAME\` leaves a part out and may be repeated.`,
      table(
        ["path", "content type"],
        paths.map(([path, { contentType }]) => [code(path), code(contentType)]),
      ),
      "A connection carries one request, and is closed after 10 seconds at most; 32 are served at a time. `/status` and `/metrics` are rendered at most once a second. A request by another name than `localhost` is answered with 421, so that a web page cannot read the endpoint through a name of its own; by an address it is answered, as through a proxy.",
      "Every other path answers 404 with the list of paths, and every other method 405. The JSON Schema of `/status` is [agent/health/status.schema.json](../../agent/health/status.schema.json); its `schemaVersion` grows when a field changes or goes.",
    ],
  });
}
