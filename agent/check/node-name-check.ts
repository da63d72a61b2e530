// Whether the machine is still the Node as which it joined, whatever its host name is now.
import { isNodeNamed } from "../config/load.ts";
import { findHostnameChange, hostnameChanged } from "../node/node-name-watch.ts";
import { type Check, configured, failed, ok } from "./check.ts";

export const NODE_NAME_CHECK: Check = configured({
  name: "node-name",
  checks: "the configuration names the node, or the host name is that of the first join",
  run: async ({ host, configFile }, { node, stateFolder }) => {
    const text = (await host.files.read(configFile)) ?? "";
    if (isNodeNamed(text)) return ok(`${node.name}, as the configuration says`);
    const change = await findHostnameChange(host, stateFolder);
    return change === undefined ? ok(`${node.name}, by the host name`) : failed(hostnameChanged(change), "warn");
  },
});
