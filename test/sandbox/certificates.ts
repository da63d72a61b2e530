// The cluster's CA with everything it signs, and a CA of its own for AWS: the machine trusts the second in its store
// and learns the first from DescribeCluster alone.
import { existsSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { type Addresses, awsNames, endpointName, lambdaName, ownAddressName, registryName } from "./addresses.ts";
import { clean } from "./environment.ts";
import { replaceFolder } from "./fresh-folder.ts";
import { apiEniAddresses } from "./vpc/addresses.ts";

/** One certificate: its subject, and its names when it serves. */
interface Leaf {
  readonly file: string;
  readonly commonName: string;
  readonly organization?: string;
  readonly names?: readonly string[];
  readonly lifetimeDays?: number;
}

/** Ten years: longer than any sandbox. */
const days = 3650;

/** The folder of the certificates; makes them unless they are there for these addresses. */
export async function ensureCertificates(folder: string, addresses: Addresses, clusterId: string): Promise<string> {
  const pki = join(folder, "pki");
  const stamp = join(pki, "made-for");
  const wanted = `${apiAddresses(addresses).join(" ")} ${addresses.aws} ${clusterId}`;
  if (!existsSync(stamp) || (await readFile(stamp, "utf8")) !== wanted) await makeAll(pki, wanted);
  // Also those that a sandbox of an earlier commit lacks: its authority, which the machine trusts, stays.
  const missing = clusterLeaves(addresses, clusterId).filter(({ file }) => !existsSync(join(pki, `${file}.crt`)));
  await Promise.all(missing.map((leaf) => makeLeaf(pki, "ca", leaf)));
  await ensureAwsLeaf(pki, addresses);
  await ensureFrontProxy(pki);
  return pki;
}

async function makeAll(pki: string, wanted: string): Promise<void> {
  await replaceFolder(pki, async (fresh) => {
    await chmod(fresh, 0o700);
    await makeAuthority(fresh, "ca", "eks-satellite sandbox cluster");
    await makeAuthority(fresh, "aws-ca", "eks-satellite sandbox AWS");
    await openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", join(fresh, "service-accounts.key")]);
    await writeFile(join(fresh, "made-for"), wanted);
  });
}

/** As whom the API server asks aggregated API servers, in the name of its own clients: an authority for that alone. */
async function ensureFrontProxy(pki: string): Promise<void> {
  if (existsSync(join(pki, "front-proxy-client.crt"))) return;
  await makeAuthority(pki, "front-proxy-ca", "eks-satellite sandbox front proxy");
  await makeLeaf(pki, "front-proxy-ca", { file: "front-proxy-client", commonName: "front-proxy-client" });
}

/** A service that AWS answers for since yesterday needs another certificate, and no other authority. */
async function ensureAwsLeaf(pki: string, addresses: Addresses): Promise<void> {
  const stamp = join(pki, "aws-names");
  const names = [...[...awsNames, registryName].map((name) => `DNS:${name}`), `IP:${addresses.aws}`];
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === names.join()) return;
  await makeLeaf(pki, "aws-ca", { file: "aws", commonName: "amazonaws.com", names });
  await writeFile(stamp, names.join());
}

/** Issues a machine's certificate for IAM Roles Anywhere, whose trust anchor here is AWS's authority; returns both as PEM. */
export async function issueMachineCertificate(folder: string, commonName: string, lifetimeDays = days) {
  const pki = join(folder, "pki");
  await makeLeaf(pki, "aws-ca", { file: "machine", commonName, lifetimeDays });
  const read = (name: string) => readFile(join(pki, name), "utf8");
  return { certificate: await read("machine.crt"), privateKey: await read("machine.key") };
}

/** Makes `mirror.crt` for a server at this address, which the machine trusts as it trusts AWS. */
export async function makeMirrorCertificate(pki: string, address: string): Promise<void> {
  await makeLeaf(pki, "aws-ca", { file: "mirror", commonName: "mirror", names: [`IP:${address}`] });
}

/** Makes `lambda.crt` for Lambda's API, which the machine trusts as it trusts AWS. */
export async function ensureLambdaCertificate(folder: string): Promise<void> {
  const pki = join(folder, "pki");
  if (existsSync(join(pki, "lambda.crt"))) return;
  await makeLeaf(pki, "aws-ca", {
    file: "lambda",
    commonName: lambdaName,
    names: [`DNS:${lambdaName}`, `DNS:${ownAddressName}`],
  });
}

/** Makes `registry-mirror.crt` for a server at this address, and the authority `mirror-ca.crt`, which no machine trusts by itself. */
export async function ensureRegistryCertificate(folder: string, address: string): Promise<void> {
  const pki = join(folder, "pki");
  if (existsSync(join(pki, "registry-mirror.crt"))) return;
  await makeAuthority(pki, "mirror-ca", "eks-satellite sandbox registry mirror");
  await makeLeaf(pki, "mirror-ca", { file: "registry-mirror", commonName: "mirror", names: [`IP:${address}`] });
}

function clusterLeaves(addresses: Addresses, clusterId: string): Leaf[] {
  const names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", endpointName(clusterId)];
  return [
    {
      file: "apiserver",
      commonName: "kube-apiserver",
      names: [
        ...names.map((name) => `DNS:${name}`),
        ...apiAddresses(addresses).map((ip) => `IP:${ip}`),
        "IP:10.100.0.1",
      ],
    },
    { file: "admin", commonName: "admin", organization: "system:masters" },
    { file: "kubelet-client", commonName: "kube-apiserver-kubelet-client", organization: "system:masters" },
    { file: "controller-manager", commonName: "system:kube-controller-manager" },
    { file: "cloud-controller", commonName: "system:cloud-controller-manager" },
    { file: "scheduler", commonName: "system:kube-scheduler" },
  ];
}

/** Where the API server answers: its public address, and those in the VPC. */
function apiAddresses({ api, vpc }: Addresses): readonly string[] {
  return vpc ? [api, ...apiEniAddresses] : [api];
}

async function makeAuthority(folder: string, file: string, commonName: string): Promise<void> {
  await openssl([
    ...["req", "-x509", "-days", `${days}`, "-subj", `/CN=${commonName}`, ...newKey(folder, file)],
    ...["-addext", "keyUsage=critical,digitalSignature,keyCertSign,cRLSign"],
  ]);
}

async function makeLeaf(folder: string, authority: string, leaf: Leaf): Promise<void> {
  const subject = leaf.organization ? `/O=${leaf.organization}/CN=${leaf.commonName}` : `/CN=${leaf.commonName}`;
  const serving = leaf.names ? ["-addext", `subjectAltName=${leaf.names.join(",")}`] : [];
  await openssl([
    ...["req", "-x509", "-days", `${leaf.lifetimeDays ?? days}`, "-subj", subject, ...newKey(folder, leaf.file)],
    ...["-CA", join(folder, `${authority}.crt`), "-CAkey", join(folder, `${authority}.key`)],
    ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ...["-addext", `extendedKeyUsage=${leaf.names ? "serverAuth" : "clientAuth"}`, ...serving],
  ]);
}

function newKey(folder: string, file: string): string[] {
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"];
  return [...kind, "-keyout", join(folder, `${file}.key`), "-out", join(folder, `${file}.crt`)];
}

function openssl(args: readonly string[]) {
  return execa("openssl", args, clean());
}
