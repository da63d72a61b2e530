// moto by itself, without the sandbox: EC2, IAM and EKS on the loopback interface, with a VPC and a cluster in them.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { ensurePython } from "../sandbox/aws.ts";
import { ensurePackages } from "../sandbox/debian.ts";
import { cleanEnvironment } from "../sandbox/environment.ts";
import { Progress } from "../sandbox/step.ts";
import { AWS_VARIABLES } from "./aws-environment.ts";

export interface Moto {
  readonly network: { readonly vpc: string; readonly subnet: string };
  stop(): Promise<void>;
}

const PROGRAM = `
import json, logging, sys
from moto.server import ThreadedMotoServer
import moto.backends
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
ec2 = moto.backends.get_backend("ec2")["123456789012"]["us-east-1"]
vpc = ec2.create_vpc("10.0.0.0/16")
ec2.associate_vpc_cidr_block(vpc.id, "10.1.0.0/16", False)
subnet = ec2.create_subnet(vpc.id, "10.0.1.0/24", availability_zone="us-east-1a")
gateway = ec2.create_internet_gateway()
ec2.attach_internet_gateway(gateway.id, vpc.id)
table = ec2.create_route_table(vpc.id, [])
ec2.associate_route_table(table.id, None, subnet.id)
ec2.create_route(table.id, "0.0.0.0/0", None, None, gateway_id=gateway.id)
eks = moto.backends.get_backend("eks")["123456789012"]["us-east-1"]
eks.create_cluster("demo", "arn:aws:iam::123456789012:role/r", {"subnetIds": [subnet.id]})
print(json.dumps({"port": server.get_host_and_port()[1], "vpc": vpc.id, "subnet": subnet.id}), flush=True)
sys.stdin.read()
`;

/** Starts it, and leads the SDK to it by the environment. It ends with this process. */
export async function startMoto(): Promise<Moto> {
  const progress = new Progress();
  await ensurePackages(progress);
  const python = await ensurePython(progress);
  const child = spawn(python, ["-B", "-c", PROGRAM], { env: cleanEnvironment(), stdio: ["pipe", "pipe", "inherit"] });
  const { port, ...network } = JSON.parse(await firstLine(child));
  const before = AWS_VARIABLES.map((name) => [name, process.env[name]] as const);
  for (const name of AWS_VARIABLES) delete process.env[name];
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "AKIAONE",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_CONFIG_FILE: "/nonexistent",
  });
  return {
    network,
    async stop() {
      for (const [name, value] of before)
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      child.stdin?.end();
      child.kill();
      await once(child, "exit");
    },
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of stdout ?? []) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}
