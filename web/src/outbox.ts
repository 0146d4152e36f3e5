import { Refused, Unavailable, post } from "./api";
import type { Item } from "./contract";
import { Source } from "./source";

export interface Body { item: Item; key: string; label?: string; seconds?: number; note?: string; text?: string }
export interface Message { path: string; body: Body }
interface Kept extends Message { place: string }

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;
const TOGETHER = 100;
const MOST_CHARACTERS = 30_000;

/**
 * Replies on their way: kept in the browser until the server says that they are on its disk.
 *
 * Each is kept under a name of its own, which begins with its time: tabs never write over each other's, and a
 * tab that opens sends what a closed one left, in order. What two tabs send is one reply, by its key.
 */
export class Outbox extends Source {
  offline = false;
  said = "";
  refusal = "";
  unkept = false;
  private waiting: Kept[];
  private pause = FIRST_PAUSE;
  private running = false;
  private last = 0;
  private wake: () => void = () => undefined;

  constructor(private readonly name: string) {
    super();
    this.waiting = left(`${name}/`);
    window.addEventListener("online", () => this.retry());
    window.addEventListener("beforeunload", (event) => { if (this.unkept && this.size > 0) event.preventDefault(); });
    void this.flush();
  }

  get size(): number { return this.waiting.length; }
  get items(): Item[] { return this.waiting.map((one) => one.body.item); }

  add(...messages: Message[]): void {
    this.refusal = "";
    for (const message of messages) this.keep(message);
    this.changed();
    void this.flush();
  }

  /** Try again now: there is reason to believe that the server is back. */
  retry(): void {
    this.pause = FIRST_PAUSE;
    this.wake();
    void this.flush();
  }

  /** Send in order, one request after another; what fails stays and is sent again, under the same keys. */
  private async flush(): Promise<void> {
    if (this.running) return;
    this.running = true;
    for (let most = TOGETHER; this.waiting.length > 0;) {
      const next = first(this.waiting, most);
      try {
        await deliver(next);
        this.sent(next);
        most = TOGETHER;
      } catch (error) {
        if (!(error instanceof Refused) || error.status === 401) await this.later(error);
        else if (next.length > 1) most = 1;
        else this.sent(next, error.message);
      }
    }
    this.running = false;
  }

  private async later(error: unknown): Promise<void> {
    const known = error instanceof Unavailable || error instanceof Refused;
    this.offline = true;
    this.said = known ? error.message : "";
    this.changed();
    const pause = Math.max(this.pause, error instanceof Unavailable ? error.pause : 0);
    await new Promise<void>((done) => { this.wake = done; setTimeout(done, pause); });
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
  }

  private sent(messages: Kept[], refusal = ""): void {
    this.waiting = this.waiting.filter((one) => !messages.includes(one));
    for (const one of messages) localStorage.removeItem(one.place);
    [this.offline, this.said, this.pause] = [false, "", FIRST_PAUSE];
    if (refusal) this.refusal = refusal;
    this.changed();
  }

  private keep(message: Message): void {
    this.last = Math.max(Date.now(), this.last + 1);
    const place = `${this.name}/${String(this.last).padStart(15, "0")}-${message.body.key}`;
    this.waiting.push({ ...message, place });
    try {
      localStorage.setItem(place, JSON.stringify(message));
    } catch {
      this.unkept = true;
    }
  }
}

/** Return what is kept under names that begin with `start`, oldest first. */
function left(start: string): Kept[] {
  const places = Object.keys(localStorage).filter((place) => place.startsWith(start)).sort();
  return places.map((place) => ({ ...(JSON.parse(localStorage.getItem(place)!) as Message), place }));
}

/** Return the messages that go first: answers that follow each other go together. */
function first(waiting: Kept[], most: number): Kept[] {
  let [count, characters] = [0, 0];
  for (const one of waiting.slice(0, most)) {
    characters += JSON.stringify(one.body).length;
    if (one.path !== "/answers" || (count > 0 && characters > MOST_CHARACTERS)) break;
    count += 1;
  }
  return waiting.slice(0, Math.max(count, 1));
}

async function deliver(messages: Kept[]): Promise<void> {
  const [only] = messages;
  if (messages.length === 1) await post(only!.path, only!.body);
  else await post("/answers/many", { answers: messages.map((one) => one.body) });
}
