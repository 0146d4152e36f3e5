import { post } from "./api";
import type { Item } from "./contract";

const RENEW = 60_000;
const TOGETHER = 200;

/** Keep what this tab holds lent to it, and give it back when the tab closes. */
export function keepLeases(held: () => Item[]): void {
  const each = (path: string, more?: RequestInit) => {
    const items = held();
    for (let at = 0; at < items.length; at += TOGETHER) {
      void post(path, { items: items.slice(at, at + TOGETHER) }, more).catch(() => undefined);
    }
  };
  setInterval(() => each("/leases/renew"), RENEW);
  window.addEventListener("pagehide", () => each("/leases/return", { keepalive: true }));
}

/** Give items back that will not be labelled here; what does not arrive ends by itself. */
export function giveBack(items: Item[]): void {
  if (items.length > 0) void post("/leases/return", { items: items.slice(0, TOGETHER) }).catch(() => undefined);
}
