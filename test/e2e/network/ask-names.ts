// Asks a name server, from whatever network namespace this program is started in, and prints what it answered and how long each answer took.
// Arguments: the server, how many questions, then names; an address is asked for its name.
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";

const [server = "", count = "1", ...names] = process.argv.slice(2);
const resolver = new Resolver({ timeout: 10_000, tries: 1 });
resolver.setServers([server]);

async function ask(name: string): Promise<string> {
  try {
    const found = isIP(name) === 0 ? await resolver.resolve4(name) : await resolver.reverse(name);
    return found.join(" ");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

const answers: { name: string; answer: string; ms: number }[] = [];
for (const name of names)
  for (let index = 0; index < Number(count); index += 1) {
    // `#` makes a name of its own of each question.
    const own = name.replace("#", String(index));
    const started = performance.now();
    answers.push({ name: own, answer: await ask(own), ms: performance.now() - started });
  }
process.stdout.write(JSON.stringify(answers));
