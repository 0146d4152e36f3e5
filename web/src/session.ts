import { get, newKey, post } from "./api";
import type { About, Card, Cards, Item } from "./contract";
import type { Feed } from "./feed";
import { giveBack, keepLeases } from "./leases";
import type { Outbox } from "./outbox";
import { pictures } from "./pictures";
import { Source } from "./source";

const AHEAD = 8;
const LOW = 4;
const DEEP = 100;
const ALIKE = 10;
const AGAIN = 2_000;
const RECENT = 9;

interface Step { card: Card; label: string | null }

/** One person's labelling: the item that is shown, those that come next, and the way back. */
export class Session extends Source {
  current: Card | null = null;
  past: Step[] = [];
  recent: string[] = [];
  labels: string[];
  done = 0;
  trouble = "";
  alike: number | null = null;
  private next: Card[] = [];
  private shownAt = 0;
  private fetching = false;
  private model: number | null | undefined;
  private again = 0;

  constructor(private readonly about: About, private readonly outbox: Outbox, private readonly feed: Feed) {
    super();
    this.labels = about.labels;
    void this.more();
    keepLeases(() => this.held);
    feed.watch(() => this.moved());
    window.addEventListener("pageshow", (event) => { if (event.persisted) void this.renew(); });
  }

  get last(): Step | undefined { return this.past[this.past.length - 1]; }

  answer(label: string): void {
    this.recent = [label, ...this.recent.filter((one) => one !== label)].slice(0, RECENT);
    if (!this.labels.includes(label)) this.labels = [...this.labels, label];
    const seconds = Math.min((performance.now() - this.shownAt) / 1000, 86_400);
    this.leave("/answers", { label, seconds });
  }

  skip(): void { this.leave("/skips", {}); }
  flag(note: string): void { this.leave("/flags", note ? { note } : {}); }

  /** Keep a note on the item that is shown, which stays. */
  note(text: string): void {
    if (this.current && text) this.outbox.add({ path: "/notes", body: { item: this.current.item, text, key: newKey() } });
  }

  /** Take back what was said last, and show that item again. */
  undo(): void {
    const step = this.past.pop();
    if (!step) return;
    this.outbox.add({ path: "/retractions", body: { item: step.card.item, key: newKey() } });
    if (this.current) this.next.unshift(this.current);
    if (step.label !== null) this.done -= 1;
    this.show(step.card);
  }

  /** Bring the items that are most like the one that is shown next. */
  async similar(): Promise<void> {
    const card = this.current;
    if (!card) return;
    try {
      const found = await post<Cards>("/similar", { item: card.item, n: ALIKE });
      const known = new Set<Item>([card.item, ...this.outbox.items]);
      const alike = (found?.cards ?? []).filter((one) => !known.has(one.item));
      this.bring(alike);
      this.alike = alike.length;
    } catch (error) {
      this.trouble = said(error);
    }
    this.changed();
  }

  /** Put items, which are lent to this tab, before all others. */
  bring(cards: Card[]): void {
    const items = new Set(cards.map((one) => one.item));
    this.next = [...cards, ...this.next.filter((one) => !items.has(one.item))];
    cards.forEach((one) => pictures.preload(one));
    if (!this.current) this.show(this.next.shift() ?? null);
  }

  /** Leave out items that are labelled elsewhere on this page again. */
  without(items: Set<Item>): void {
    this.next = this.next.filter((one) => !items.has(one.item));
    if (this.current && items.has(this.current.item)) this.show(this.next.shift() ?? null);
  }

  private get held(): Item[] { return [this.current, ...this.next].flatMap((card) => (card ? [card.item] : [])); }

  private leave(path: string, more: { label?: string; seconds?: number; note?: string }): void {
    const card = this.current;
    if (!card) return;
    this.outbox.add({ path, body: { item: card.item, key: newKey(), ...more } });
    this.past = [...this.past, { card, label: more.label ?? null }].slice(-DEEP);
    if (more.label !== undefined) this.done += 1;
    this.alike = null;
    this.show(this.next.shift() ?? null);
    if (this.next.length < LOW) void this.more();
  }

  private show(card: Card | null): void {
    this.current = card;
    this.shownAt = performance.now();
    this.changed();
  }

  /** Put what is not shown yet in a new model's order, and take new items where none were left. */
  private moved(): void {
    const model = this.feed.now?.model ?? null;
    const newer = this.model !== undefined && model !== this.model;
    this.model = model;
    if (newer && this.about.open_labels) void this.learnLabels();
    if (newer) void this.renew();
    else if (!this.current) void this.more();
  }

  /** Offer the classes that others have added. */
  private async learnLabels(): Promise<void> {
    const found = await get<About>("/project").catch(() => null);
    if (found) this.labels = [...new Set([...found.labels, ...this.labels])];
  }

  private async renew(): Promise<void> {
    const chosen = this.next.filter((one) => one.stream === "similar");
    const old = this.next.filter((one) => !chosen.includes(one)).map((one) => one.item);
    const cards = await this.lend(AHEAD, [this.current?.item, ...chosen.map((one) => one.item)]);
    if (!cards) return;
    const fresh = new Set(cards.map((one) => one.item));
    const still = this.next.filter((one) => chosen.includes(one));
    giveBack(old.filter((item) => !fresh.has(item) && item !== this.current?.item));
    this.next = [...still, ...cards.filter((one) => !this.left(one.item))];
    if (!this.current) this.show(this.next.shift() ?? null);
  }

  private left(item: Item): boolean {
    return item === this.current?.item || this.outbox.items.includes(item) || this.past.some((step) => step.card.item === item);
  }

  private async more(): Promise<void> {
    const cards = await this.lend(AHEAD, this.held);
    if (cards) this.next.push(...cards.filter((card) => !this.held.includes(card.item)));
    if (!this.current) this.show(this.next.shift() ?? null);
    clearTimeout(this.again);
    if (this.next.length === 0) this.again = window.setTimeout(() => void this.more(), AGAIN);
  }

  /** Borrow items; null when that is already under way, or when the server cannot. */
  private async lend(n: number, besides: (Item | undefined)[]): Promise<Card[] | null> {
    if (this.fetching) return null;
    this.fetching = true;
    const without = [...besides.filter((one) => one !== undefined), ...this.outbox.items].slice(0, 200);
    try {
      const found = await post<Cards>("/leases", { n, without });
      this.trouble = "";
      found?.cards.forEach((card) => pictures.preload(card));
      return found?.cards ?? [];
    } catch (error) {
      this.trouble = said(error);
      return null;
    } finally {
      this.fetching = false;
    }
  }
}

/** What a failed request says to a person; a lost connection is the outbox's and the feed's to tell. */
function said(error: unknown): string { return error instanceof TypeError || !(error instanceof Error) ? "" : error.message; }

