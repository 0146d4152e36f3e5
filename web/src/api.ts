export type Item = string | number;
export type Content = Record<string, unknown>;

export interface Card { item: Item; content: Content; stream: string; reason: string; until: number }
export interface About {
  name: string; kind: string; columns: string[]; show: string[]; labels: string[]; open_labels: boolean; annotator: string;
}
export interface Point { labels: number; value: number; low: number; high: number; n: number }
export interface Where {
  counts: Record<string, number>; labels: Record<string, number>; annotators: Record<string, number>; curve: Point[];
  model: number | null; worker: { doing: string; error: string; time: number; labels: number } | null; worker_starts: number;
}

/** The server understood and said no; sending the same again would not help. */
export class Refused extends Error {
  constructor(readonly status: number, detail: string) { super(detail); }
}

let token = sessionStorage.getItem("asklearn-token") ?? "";

export function signIn(given: string): void {
  token = given.trim();
  sessionStorage.setItem("asklearn-token", token);
}

async function send(method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const found = await fetch(`/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (found.ok) return found;
  if (found.status >= 500) throw new Error(`status ${found.status}`);
  throw new Refused(found.status, await words(found));
}

async function words(found: Response): Promise<string> {
  try {
    const said = (await found.json()) as { detail?: unknown };
    return typeof said.detail === "string" ? said.detail : JSON.stringify(said.detail);
  } catch {
    return `status ${found.status}`;
  }
}

export async function get<T>(path: string): Promise<T> { return (await (await send("GET", path)).json()) as T; }
export async function post<T>(path: string, body: unknown): Promise<T | null> {
  const found = await send("POST", path, body);
  return found.status === 204 ? null : ((await found.json()) as T);
}

/** The address of an image, fetched once and held by the browser. */
export async function image(item: Item, column: string): Promise<string> {
  const query = new URLSearchParams({ item: String(item), column });
  return URL.createObjectURL(await (await send("GET", `/image?${query}`)).blob());
}

export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
}
