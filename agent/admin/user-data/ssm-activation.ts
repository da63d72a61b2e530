// An SSM hybrid activation of one machine and one hour: after the first boot the code in user data is worth nothing.
// SSM is asked by hand: its client is larger than the rest of this program's calls to AWS together.
import { Hash } from "@smithy/core/serde";
import { SignatureV4 } from "@smithy/signature-v4";
import * as z from "zod";
import { serviceHostname } from "../../aws/aws-endpoints.ts";
import { dnsSuffixOf } from "../../config/partitions.ts";
import type { AwsKeys } from "../../host/aws.ts";
import type { LaptopHost } from "../../host/laptop/types.ts";
import { Secret } from "../../secret.ts";
import { callAws } from "../aws-call.ts";
import { quoteWord } from "./shell.ts";

export interface ActivationRequest {
  readonly region: string;
  readonly cluster: string;
  readonly nodeName?: string | undefined;
  /** Name of the role that the machine's agent gets. */
  readonly role: string;
}

export interface Activation {
  readonly id: string;
  readonly code: Secret;
  readonly region: string;
}

const LIFETIME_MS = 3_600_000;
const TIMEOUT_SECONDS = 15;
const TARGET = "AmazonSSM.CreateActivation";
const CONTENT_TYPE = "application/x-amz-json-1.1";

/** Where the agent says which managed instance the machine is. */
const REGISTRATION = "/var/lib/amazon/ssm/registration";

/**
 * The parameters of the call, https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateActivation.html.
 * @param nowMs milliseconds since the epoch
 */
export function activationParameters({ cluster, nodeName, role }: ActivationRequest, nowMs: number) {
  return {
    IamRole: role,
    RegistrationLimit: 1,
    ExpirationDate: Math.floor((nowMs + LIFETIME_MS) / 1000),
    Description: `Node of EKS cluster ${cluster} outside AWS (eks-satellite)`,
    ...(nodeName === undefined ? {} : { DefaultInstanceName: nodeName }),
    Tags: [
      { Key: "eks-satellite:cluster", Value: cluster },
      ...(nodeName === undefined ? [] : [{ Key: "eks-satellite:node", Value: nodeName }]),
    ],
  };
}

const answerSchema = z.object({ ActivationId: z.string().max(64), ActivationCode: z.string().max(250) });

/** Makes it. It is asked once: a second call would make a second one. @throws aws-forbidden, aws-refused, aws-unreachable, … */
export async function createActivation(
  host: LaptopHost,
  keys: AwsKeys,
  request: ActivationRequest,
  nowMs: number,
): Promise<Activation> {
  const body = JSON.stringify(activationParameters(request, nowMs));
  const question = { action: "ssm:CreateActivation", resource: "*", caller: `access key ${keys.accessKeyId}` };
  return callAws(question, async () => {
    const { region } = request;
    const headers = await signedHeaders(keys, { region, body, nowMs });
    const url = `https://${serviceHostname("ssm", region)}/`;
    const answer = await host.fetch({ method: "POST", url, body, headers, timeoutSeconds: TIMEOUT_SECONDS });
    if (answer.status !== 200) throw toAwsError(answer);
    const { ActivationId, ActivationCode } = answerSchema.parse(JSON.parse(answer.body));
    return { id: ActivationId, code: new Secret(ActivationCode), region };
  });
}

async function signedHeaders(
  keys: AwsKeys,
  { region, body, nowMs }: { readonly region: string; readonly body: string; readonly nowMs: number },
): Promise<Record<string, string>> {
  const hostname = serviceHostname("ssm", region);
  const signer = new SignatureV4({
    service: "ssm",
    region,
    sha256: Hash.bind(null, "sha256"),
    credentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey.reveal(),
      ...(keys.sessionToken === undefined ? {} : { sessionToken: keys.sessionToken.reveal() }),
    },
  });
  const { headers } = await signer.sign(
    {
      ...{ method: "POST", protocol: "https:", hostname, path: "/", body },
      headers: { host: hostname, "content-type": CONTENT_TYPE, "x-amz-target": TARGET },
    },
    { signingDate: new Date(nowMs) },
  );
  return headers;
}

/** As the SDK's own errors are: a name, a message and the status. */
function toAwsError({ status, body }: { readonly status: number; readonly body: string }): Error {
  const [, name = "UnknownError"] = /"__type"\s*:\s*"(?:[^"#]*#)?(\w{1,100})"/.exec(body) ?? [];
  const [, message = ""] = /"[Mm]essage"\s*:\s*"([^"]{0,500})/.exec(body) ?? [];
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } });
}

/** Commands that register the machine. The code is an argument of AWS's program for a moment, and is used up with it. */
export function renderRegistration({ id, code, region }: Activation): string {
  const bucket = `https://amazon-ssm-${region}.s3.${region}.${dnsSuffixOf(region)}/latest`;
  return [
    "case $(uname -m) in x86_64) folder=linux_amd64 ;; *) folder=linux_arm64 ;; esac\n",
    `download ${quoteWord(bucket)}/$folder/ssm-setup-cli "$work/ssm-setup-cli"\n`,
    'chmod 0700 "$work/ssm-setup-cli"\n',
    `"$work/ssm-setup-cli" -register -region ${quoteWord(region)} -activation-id ${quoteWord(id)} -activation-code ${quoteWord(code.reveal())}\n`,
  ].join("");
}

/** Sets `node_name`: without a role of its own a machine is the node that SSM names its session after. */
export const READ_MANAGED_NAME = `node_name=$(sed -n 's/.*"ManagedInstanceID" *: *"\\(mi-[0-9a-f]*\\)".*/\\1/p' ${REGISTRATION})
if [ -z "$node_name" ]; then echo "${REGISTRATION} names no managed instance" >&2; exit 1; fi
`;
