// What passes through the API server to kubelet: its port and certificate, then logs, exec and port-forward.
import { describe, hasCode } from "../../errors.ts";
import { ask } from "./ask.ts";
import { WEB } from "./pods.ts";
import { fail, ok, type Result } from "./row.ts";
import { gatewayCheck, onMachine, type Subject } from "./subject.ts";

/** kubelet that has no serving certificate yet ends the handshake with an alert. */
const CERTIFICATE = /x509:|tls: |certificate/;
/** The API server itself waits for 30 s. */
const KUBELET_SECONDS = 15;

/** Whether the control plane reaches kubelet. */
export async function tryKubelet(subject: Subject): Promise<Result> {
  const { nodeName } = subject;
  try {
    await ask(subject, {
      verb: "get",
      object: `healthz of node ${nodeName}`,
      seconds: KUBELET_SECONDS,
      made: (api) => api.askNode(nodeName, "healthz"),
    });
    return ok("the control plane reaches kubelet's port 10250, and its /healthz says ok");
  } catch (error) {
    if (["interrupted", "api-forbidden", "api-unauthorized"].some((code) => hasCode(error, code))) throw error;
    return explainKubelet(subject, describe(error).message);
  }
}

function explainKubelet(subject: Subject, message: string): Result {
  if (CERTIFICATE.test(message))
    return fail(
      "serving-certificate-unsigned",
      `the control plane does not trust kubelet's serving certificate: ${message}`,
      `${onMachine(subject, "ServingCertificateSigned")}; kubectl get csr lists requests that wait.`,
    );
  return fail(
    "kubelet-unreachable",
    `the control plane does not reach kubelet: ${message}`,
    `${gatewayCheck(subject)} names what is missing on the way. Without a gateway: docs/how-to/gateway.md. ${onMachine(subject, "ControlPlaneRoute")}.`,
  );
}

const podOf = ({ made, name }: Subject) => ({ namespace: made.namespace, name });
const wordsOf = ({ made, name }: Subject) => `pod ${made.namespace}/${name}`;

/** Reads the pod's log, in which its token is. */
export async function tryLogs(subject: Subject): Promise<Result> {
  const object = `the log of ${wordsOf(subject)}`;
  const said = await ask(subject, { verb: "get", object, made: (api) => api.readLog(podOf(subject), WEB) });
  if (said.includes(subject.token)) return ok("the pod's log came through the API server");
  return fail(
    "log-differs",
    `the pod's log is not what it wrote: ${said || "it is empty"}`,
    onMachine(subject, "KubeletRunning"),
  );
}

/** Runs a command in the pod. */
export async function tryExec(subject: Subject): Promise<Result> {
  const { token } = subject;
  const { stdout, stderr, failure } = await ask(subject, {
    verb: "exec",
    object: wordsOf(subject),
    made: (api, signal) => api.exec(podOf(subject), WEB, ["cat", "/work/index.html"], signal),
  });
  if (stdout.includes(token)) return ok("a command in the pod said what it should");
  const message = `the command in the pod failed: ${failure ?? ""} ${stderr} ${stdout}`;
  return fail(
    "exec-failed",
    message,
    "kubectl exec, in any pod of the node, fails likewise: kubelet's log on the machine says more.",
  );
}

/** Sends a request to the pod's port. */
export async function tryPortForward(subject: Subject): Promise<Result> {
  const { token, port } = subject;
  await ask(subject, {
    verb: "port-forward",
    object: wordsOf(subject),
    made: (api, signal) =>
      api.askPort(
        podOf(subject),
        { port, request: "GET / HTTP/1.0\r\n\r\n", isWhole: (answer) => answer.includes(token) },
        signal,
      ),
  });
  return ok(`port ${port} of the pod answered through the API server`);
}
