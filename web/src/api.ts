import type { Item } from "./contract";

/** The server understood and said no; sending the same again would not help. */
export class Refused extends Error {
  constructor(readonly status: number, detail: string) { super(detail); }
}

/** The server cannot just now, and says why; the same may be sent again after so many milliseconds. */
export class Unavailable extends Error {
  constructor(detail: string, readonly pause: number) { super(detail); }
}

let token = sessionStorage.getItem("asklearn-token") ?? "";

export function signIn(given: string): void {
  token = given.trim();
  sessionStorage.setItem("asklearn-token", token);
}

/** Send a request as the person who signed in; what is not a success is thrown. */
export async function send(method: string, path: string, body?: unknown, more: RequestInit = {}): Promise<Response> {
  const headers: Record<string, string> = {};
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const found = await fetch(`/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), ...more });
  if (found.ok) return found;
  const said = await words(found);
  if (found.status < 500 && found.status !== 429) throw new Refused(found.status, said);
  throw new Unavailable(said, 1_000 * (Number(found.headers.get("Retry-After")) || 0));
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

export async function post<T>(path: string, body: unknown, more?: RequestInit): Promise<T | null> {
  const found = await send("POST", path, body, more);
  return found.status === 204 ? null : ((await found.json()) as T);
}

export async function image(item: Item, column: string): Promise<Blob> {
  const query = new URLSearchParams({ item: String(item), column });
  return (await send("GET", `/image?${query}`)).blob();
}

export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");
}
