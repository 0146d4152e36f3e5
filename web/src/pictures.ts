import { image } from "./api";
import type { Card, Item } from "./contract";

const KEPT = 200;

export function isPicture(value: unknown): boolean {
  return typeof value === "object" && value !== null && "bytes" in value;
}

export function pictureColumns(card: Card): string[] {
  return Object.keys(card.content).filter((name) => isPicture(card.content[name]));
}

/** Images of items: fetched and decoded before they are shown; the latest are kept. */
class Pictures {
  private readonly loading = new Map<string, Promise<HTMLImageElement>>();
  private readonly decoded = new Map<string, HTMLImageElement>();

  preload(card: Card): void {
    for (const column of pictureColumns(card)) void this.load(card.item, column).catch(() => undefined);
  }

  ready(item: Item, column: string): HTMLImageElement | undefined { return this.decoded.get(place(item, column)); }

  load(item: Item, column: string): Promise<HTMLImageElement> {
    const name = place(item, column);
    const found = this.loading.get(name);
    if (found) return found;
    const made = image(item, column).then(decode).then((one) => {
      this.decoded.set(name, one);
      return one;
    });
    made.catch(() => this.loading.delete(name));
    this.loading.set(name, made);
    this.forget();
    return made;
  }

  private forget(): void {
    for (const name of [...this.loading.keys()].slice(0, -KEPT)) {
      void this.loading.get(name)!.then((one) => URL.revokeObjectURL(one.src), () => undefined);
      this.loading.delete(name);
      this.decoded.delete(name);
    }
  }
}

async function decode(blob: Blob): Promise<HTMLImageElement> {
  const made = new Image();
  made.src = URL.createObjectURL(blob);
  made.draggable = false;
  await made.decode();
  return made;
}

function place(item: Item, column: string): string { return JSON.stringify([item, column]); }

export const pictures = new Pictures();
