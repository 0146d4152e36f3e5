import { Refused, send } from "./api";
import type { Moved } from "./contract";
import { Source } from "./source";

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 15_000;
const SILENCE = 45_000;

/** What the server pushes: how far the project is, the model's version, the worker's state. */
export class Feed extends Source {
  now: Moved | null = null;
  lost = false;
  private pause = FIRST_PAUSE;
  private running: AbortController | null = null;

  constructor() {
    super();
    // A browser opens few connections to one server: a hidden tab leaves its own to the others.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.running?.abort() : void this.follow()));
    if (!document.hidden) void this.follow();
  }

  /** Read events for as long as the page is seen; a stream that breaks is opened again. */
  private async follow(): Promise<void> {
    if (this.running) return;
    while (!document.hidden) {
      this.running = new AbortController();
      try {
        const found = await send("GET", "/events", undefined, { signal: this.running.signal });
        this.found();
        await this.read(found.body!, this.running);
      } catch (error) {
        if (error instanceof Refused) break;
        if (!this.running.signal.aborted) this.miss();
      }
      if (!document.hidden) await new Promise((done) => setTimeout(done, this.pause));
    }
    this.running = null;
  }

  private async read(body: ReadableStream<Uint8Array>, running: AbortController): Promise<void> {
    const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    for (let rest = ""; ;) {
      const silence = setTimeout(() => running.abort(), SILENCE);
      const { done, value } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop()!;
      for (const part of parts) this.take(part);
    }
  }

  private take(event: string): void {
    const lines = event.split("\n");
    if (!lines.includes("event: moved")) return;
    const data = lines.filter((one) => one.startsWith("data: ")).map((one) => one.slice(6)).join("\n");
    this.now = JSON.parse(data) as Moved;
    this.changed();
  }

  private found(): void {
    this.pause = FIRST_PAUSE;
    if (!this.lost) return;
    this.lost = false;
    this.changed();
  }

  private miss(): void {
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
    if (this.lost) return;
    this.lost = true;
    this.changed();
  }
}
