// A validating webhook in a pod of the satellite: it refuses every ConfigMap named `refused`.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { webImage } from "../../sandbox/images.ts";
import { nodeName } from "../../sandbox/state.ts";
import type { Connected } from "./connected.ts";

const PORT = 8443;
const FOLDER = "/root/webhook";
const NAME = "hook";

/** Answers an AdmissionReview; it runs on the daemon's own Node.js. */
const SERVER = `
const { createServer } = require("node:https");
const { readFileSync } = require("node:fs");
const file = (name) => readFileSync("${FOLDER}/" + name);
createServer({ key: file("tls.key"), cert: file("tls.crt") }, async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const { request: review } = JSON.parse(body);
  const answer = { uid: review.uid, allowed: false, status: { message: "denied by a webhook on the satellite" } };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: answer }));
}).listen(${PORT}, () => console.log("listening"));
`;

/** Starts it as a pod behind a Service, by default on the host's network, and asks the API server to ask it. */
export async function startWebhook(
  { sandbox, satellite }: Connected,
  { hostNetwork = true, readySeconds = 60 } = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "eks-satellite-webhook-"));
  try {
    const [key, certificate] = [join(folder, "tls.key"), join(folder, "tls.crt")];
    const name = `${NAME}.default.svc`;
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-days", "2"];
    await execa("openssl", [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate],
      ...subject,
    ]);
    await satellite.box("mkdir", "-p", FOLDER);
    await satellite.write(`${FOLDER}/server.cjs`, SERVER);
    await satellite.write(`${FOLDER}/tls.key`, await readFile(key, "utf8"), "0600");
    await satellite.write(`${FOLDER}/tls.crt`, await readFile(certificate, "utf8"));
    const caBundle = (await readFile(certificate)).toString("base64");
    const items = [pod(hostNetwork), service(), configuration(caBundle)];
    await sandbox.kubectl(["apply", "--filename=-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    await sandbox.kubectl(["wait", `pod/${NAME}`, "--for=condition=Ready", `--timeout=${readySeconds}s`]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function pod(hostNetwork: boolean) {
  const command = ["/bin/busybox", "chroot", "/host", "/opt/eks-satellite/bin/node", `${FOLDER}/server.cjs`];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: NAME, namespace: "default", labels: { app: NAME } },
    spec: {
      hostNetwork,
      nodeName,
      terminationGracePeriodSeconds: 1,
      volumes: [{ name: "host", hostPath: { path: "/" } }],
      containers: [
        {
          ...{ name: NAME, image: webImage, imagePullPolicy: "Never", command },
          readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 1 },
          volumeMounts: [{ name: "host", mountPath: "/host" }],
        },
      ],
    },
  };
}

function service() {
  const ports = [{ port: 443, targetPort: PORT }];
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: NAME, namespace: "default" },
    spec: { selector: { app: NAME }, ports },
  };
}

function configuration(caBundle: string) {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: NAME },
    webhooks: [
      {
        name: "hook.eks-satellite.io",
        clientConfig: { service: { name: NAME, namespace: "default" }, caBundle },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
        matchConditions: [{ name: "name", expression: "object.metadata.name == 'refused'" }],
        ...{ failurePolicy: "Fail", sideEffects: "None", admissionReviewVersions: ["v1"], timeoutSeconds: 10 },
      },
    ],
  };
}
