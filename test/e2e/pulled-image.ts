// Images that a node has to pull: pushed to ECR from the machine with an administrator's keys, and removed there again.
import { registryName } from "../sandbox/addresses.ts";
import { renderPageImage } from "../sandbox/images.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { nodeName } from "../sandbox/state.ts";

const PROVIDER = "/etc/eks/image-credential-provider/ecr-credential-provider";
/** Of containerd's namespaces, the one for what a person does: kubelet does not see what is in it. */
const NAMESPACE = "push";

/** Pushes an image that has this page to the account's ECR, as `NAME:TAG`. */
export async function pushImage(sandbox: Sandbox, name: string, page: string): Promise<void> {
  const image = `${registryName}/${name}`;
  const archive = "/var/tmp/pushed.tar";
  await sandbox.machine.write(archive, await renderPageImage(image, page));
  const ctr = (...args: string[]) => sandbox.box(["ctr", "--namespace", NAMESPACE, "images", ...args]);
  await ctr("import", archive);
  await sandbox.machine.remove(archive);
  await ctr("push", "--user", await logIn(sandbox), image);
  await ctr("rm", "--sync", image); // With its layers: whoever pulls it has to fetch them.
}

/** `USER:PASSWORD`, as `aws ecr get-login-password` has it. */
async function logIn(sandbox: Sandbox): Promise<string> {
  const { accessKeyId, secretAccessKey } = sandbox.facts.administrator;
  const request = {
    kind: "CredentialProviderRequest",
    apiVersion: "credentialprovider.kubelet.k8s.io/v1",
    image: `${registryName}/any`,
  };
  const environment = [`AWS_ACCESS_KEY_ID=${accessKeyId}`, `AWS_SECRET_ACCESS_KEY=${secretAccessKey}`];
  const { stdout } = await sandbox.box(["env", ...environment, PROVIDER], {
    input: JSON.stringify(request),
  });
  const { username, password } = JSON.parse(stdout).auth[registryName];
  return `${username}:${password}`;
}

/** Starts a pod that does nothing, whose image is pulled in any case, and waits until it runs. */
export async function runPod(sandbox: Sandbox, name: string, image: string): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      nodeName,
      hostNetwork: true,
      terminationGracePeriodSeconds: 0,
      // The web application has the port that the image would listen on.
      containers: [{ name, image, imagePullPolicy: "Always", command: ["/bin/sh", "-c", "sleep 100000"] }],
    },
  };
  await sandbox.kubectl(["apply", "--filename=-"], JSON.stringify(pod));
  await sandbox
    .kubectl(["wait", "--for=condition=Ready", `pod/${name}`, "--timeout=120s"])
    .catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await sandbox.kubectl(["describe", "pod", name])}`);
    });
}
