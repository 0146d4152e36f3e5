/** What the server sends and takes, as JSON. */
export type Item = string | number;
export type Content = Record<string, unknown>;

export interface Suggestion { label: string; share: number }
export interface Card {
  item: Item; content: Content; stream: string; reason: string; until: number; suggested?: Suggestion[] | null;
}
export interface Cards { cards: Card[] }
export interface Sheetful extends Cards { label: string | null }

export interface About {
  name: string; kind: string; columns: string[]; show: string[]; labels: string[]; open_labels: boolean; annotator: string;
  instructions?: string | null; suggestions?: boolean; answers: number;
}

export interface Doing { doing: string; error: string }
export interface Moved {
  position: number; model: number | null; open?: number; worker?: Doing | null; problem?: string | null;
  items?: number; asked?: number;
}

export interface Point { labels: number; value: number; low: number; high: number; n: number }
export interface Outlook {
  labels?: number;
  forecast?: { labels: number; value: number; low: number; high: number; level: number };
  gaps?: { name: string; size: number; error: number; low: number; high: number; level: number }[];
}
export interface Where {
  counts: Record<string, number>; labels: Record<string, number>; annotators: Record<string, number>; curve: Point[];
  model: number | null; worker: (Doing & { time: number; labels: number }) | null; worker_starts: number; position: number;
  problem: string | null; version: string; outlook: Outlook | null;
}
