// A stream as lines. A line without an end is cut, so that its writer cannot fill the daemon's memory.
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { MAX_LINE_LENGTH } from "../foreign-text.ts";

/** Hands over each line of a stream as it comes. A stream that breaks ends like any other: what it carried says why. */
export function forEachLine(stream: Readable, onLine: (line: string) => void): void {
  const lines = new LineSplitter(onLine);
  stream.on("data", (chunk: Buffer | string) => lines.push(chunk));
  stream.on("end", () => lines.end());
  stream.on("error", () => lines.end());
}

/** Keeps the beginning of the current line, and counts the rest of it. */
class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder("utf8");
  #kept = "";
  #dropped = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer | string): void {
    const text = typeof chunk === "string" ? chunk : this.#decoder.write(chunk);
    let start = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      this.#keep(text, start, end);
      this.#finish();
      start = end + 1;
    }
    this.#keep(text, start, text.length);
  }

  end(): void {
    const last = this.#decoder.end();
    this.#keep(last, 0, last.length);
    if (this.#kept !== "") this.#finish();
  }

  #keep(text: string, start: number, end: number): void {
    const room = MAX_LINE_LENGTH - this.#kept.length;
    this.#kept += text.slice(start, Math.min(end, start + room));
    this.#dropped += Math.max(0, end - start - room);
  }

  #finish(): void {
    const line = this.#kept;
    const dropped = this.#dropped;
    this.#kept = "";
    this.#dropped = 0;
    if (dropped === 0) this.#onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    else this.#onLine(`${line}… and ${dropped} more characters`);
  }
}
