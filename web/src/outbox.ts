import { type Item, Refused, post } from "./api";

export interface Message { path: string; body: { item: Item; key: string; label?: string; seconds?: number } }

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

/** Answers on their way: kept in the browser until the server says that they are on its disk. */
export class Outbox {
  private waiting: Message[];
  private pause = FIRST_PAUSE;
  private running = false;
  offline = false;

  constructor(private readonly place: string, private readonly changed: (refusal?: string) => void) {
    this.waiting = JSON.parse(localStorage.getItem(place) ?? "[]") as Message[];
    window.addEventListener("online", () => void this.flush());
    void this.flush();
  }

  get size(): number { return this.waiting.length; }
  get items(): Item[] { return this.waiting.map((one) => one.body.item); }

  add(message: Message): void {
    this.waiting.push(message);
    this.keep();
    void this.flush();
  }

  /** Send in order, one after another; what fails stays and is sent again, under the same key. */
  async flush(): Promise<void> {
    if (this.running) return;
    this.running = true;
    while (this.waiting.length > 0) {
      const next = this.waiting[0]!;
      try {
        await post(next.path, next.body);
        this.sent(next);
      } catch (error) {
        if (error instanceof Refused && error.status !== 401) this.sent(next, error.message);
        else {
          this.offline = true;
          this.changed();
          await new Promise((done) => setTimeout(done, this.pause));
          this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
        }
      }
    }
    this.running = false;
  }

  private sent(message: Message, refusal?: string): void {
    this.waiting = this.waiting.filter((one) => one !== message);
    this.offline = false;
    this.pause = FIRST_PAUSE;
    this.keep(refusal);
  }

  private keep(refusal?: string): void {
    localStorage.setItem(this.place, JSON.stringify(this.waiting));
    this.changed(refusal);
  }
}
