import { type About, type Card, type Item, image, newKey, post } from "./api";
import { Outbox } from "./outbox";

const AHEAD = 8;
const LOW = 4;
const DEEP = 100;
const RENEW = 60_000;
const AGAIN = 2_000;

interface Step { card: Card; path: string; label: string | null }

/** One person's labelling: the item that is shown, those that come next, and the way back. */
export class Session {
  current: Card | null = null;
  next: Card[] = [];
  past: Step[] = [];
  recent: string[] = [];
  done = 0;
  refusal = "";
  private shownAt = 0;
  private fetching = false;
  private pictures = new Map<Item, Promise<Map<string, string>>>();
  readonly outbox: Outbox;

  constructor(readonly about: About, private readonly changed: () => void) {
    this.outbox = new Outbox(`asklearn-outbox-${about.name}-${about.annotator}`, (refusal) => {
      if (refusal) this.refusal = refusal;
      this.changed();
    });
    void this.more();
    setInterval(() => void this.renew(), RENEW);
    window.addEventListener("pagehide", () => this.giveBack());
  }

  answer(label: string): void {
    this.recent = [label, ...this.recent.filter((one) => one !== label)].slice(0, 9);
    this.leave("/answers", label);
    this.done += 1;
  }

  skip(): void { this.leave("/skips", null); }
  flag(): void { this.leave("/flags", null); }

  /** Take back what was said last, and show that item again. */
  undo(): void {
    const step = this.past.pop();
    if (!step) return;
    this.outbox.add({ path: "/retractions", body: { item: step.card.item, key: newKey() } });
    if (this.current) this.next.unshift(this.current);
    if (step.label !== null) this.done -= 1;
    this.show(step.card);
  }

  pictureOf(card: Card, column: string): Promise<string | undefined> {
    return (this.pictures.get(card.item) ?? this.preload(card)).then((found) => found.get(column));
  }

  private leave(path: string, label: string | null): void {
    const card = this.current;
    if (!card) return;
    const seconds = Math.min((performance.now() - this.shownAt) / 1000, 86_400);
    const body = { item: card.item, key: newKey(), ...(label === null ? {} : { label, seconds }) };
    this.outbox.add({ path, body });
    this.past = [...this.past, { card, path, label }].slice(-DEEP);
    this.refusal = "";
    this.show(this.next.shift() ?? null);
    if (this.next.length < LOW) void this.more();
  }

  private show(card: Card | null): void {
    this.current = card;
    this.shownAt = performance.now();
    this.changed();
  }

  private async more(): Promise<void> {
    if (this.fetching) return;
    this.fetching = true;
    try {
      const held = [this.current, ...this.next].flatMap((card) => (card ? [card.item] : []));
      const without = [...held, ...this.outbox.items].slice(0, 200);
      const found = await post<{ cards: Card[] }>("/leases", { n: AHEAD, without });
      for (const card of found?.cards ?? []) {
        this.next.push(card);
        void this.preload(card);
      }
    } catch {
      /* the outbox says that there is no connection */
    }
    this.fetching = false;
    if (!this.current) this.show(this.next.shift() ?? null);
    if (this.next.length === 0) setTimeout(() => void this.more(), AGAIN);
  }

  private preload(card: Card): Promise<Map<string, string>> {
    const columns = Object.entries(card.content).filter(([, value]) => isPicture(value)).map(([name]) => name);
    const made = Promise.all(columns.map(async (name) => [name, await image(card.item, name)] as const)).then((all) => new Map(all));
    this.pictures.set(card.item, made);
    return made;
  }

  private async renew(): Promise<void> {
    const items = [this.current, ...this.next].flatMap((card) => (card ? [card.item] : []));
    if (items.length > 0) await post("/leases/renew", { items }).catch(() => undefined);
  }

  private giveBack(): void {
    const items = this.next.map((card) => card.item);
    const body = new Blob([JSON.stringify({ items })], { type: "application/json" });
    if (items.length > 0) navigator.sendBeacon("/api/v1/leases/return", body);
  }
}

export function isPicture(value: unknown): boolean {
  return typeof value === "object" && value !== null && "bytes" in value;
}
