import { newKey, post } from "./api";
import type { Card, Item, Sheetful } from "./contract";
import { giveBack, keepLeases } from "./leases";
import type { Message, Outbox } from "./outbox";
import { pictures } from "./pictures";
import type { Session } from "./session";
import { Source } from "./source";

const SHEET = 60;
const DEEP = 20;

interface Page { label: string; cards: Card[]; wrong: Set<Item>; confirmed: Card[] }

/** Many items of one suggested class at once: the wrong ones are marked, the others confirmed together. */
export class Sheet extends Source {
  page: Page | null = null;
  past: Page[] = [];
  done = 0;
  loading = false;
  asked = false;
  trouble = "";
  private shownAt = 0;

  constructor(private readonly outbox: Outbox, private readonly session: Session) {
    super();
    keepLeases(() => this.page?.cards.map((one) => one.item) ?? []);
  }

  /** Borrow the next sheet, where none is open. */
  async load(): Promise<void> {
    if (this.loading || this.page) return;
    [this.loading, this.trouble] = [true, ""];
    this.changed();
    try {
      const found = await post<Sheetful>("/grid", { n: SHEET });
      const sent = new Set(this.outbox.items);
      const cards = (found?.cards ?? []).filter((one) => !sent.has(one.item));
      cards.forEach((one) => pictures.preload(one));
      if (found?.label != null && cards.length > 0) this.show({ label: found.label, cards, wrong: new Set(), confirmed: [] });
    } catch (error) {
      this.trouble = error instanceof TypeError || !(error instanceof Error) ? "" : error.message;
    }
    [this.loading, this.asked] = [false, true];
    this.changed();
  }

  toggle(item: Item): void {
    const wrong = this.page?.wrong;
    if (!wrong) return;
    if (!wrong.delete(item)) wrong.add(item);
    this.changed();
  }

  /** Label what is not marked, and let the marked ones be labelled one by one. */
  confirm(): void {
    const page = this.page;
    if (!page) return;
    page.confirmed = page.cards.filter((one) => !page.wrong.has(one.item));
    const seconds = Math.min((performance.now() - this.shownAt) / 1000 / page.cards.length, 86_400);
    this.outbox.add(...page.confirmed.map((one): Message => (
      { path: "/answers", body: { item: one.item, label: page.label, key: newKey(), seconds } })));
    this.session.bring(page.cards.filter((one) => page.wrong.has(one.item)).map((one) => ({ ...one, suggested: null })));
    this.done += page.confirmed.length;
    this.past = [...this.past, page].slice(-DEEP);
    this.page = null;
    void this.load();
  }

  /** Take back what the last sheet said, and open it again as it was. */
  undo(): void {
    const page = this.past.pop();
    if (!page) return;
    this.outbox.add(...page.confirmed.map((one): Message => ({ path: "/retractions", body: { item: one.item, key: newKey() } })));
    this.done -= page.confirmed.length;
    if (this.page) giveBack(this.page.cards.map((one) => one.item));
    this.session.without(page.wrong);
    this.show({ ...page, confirmed: [] });
  }

  private show(page: Page): void {
    this.page = page;
    this.shownAt = performance.now();
    this.changed();
  }
}
