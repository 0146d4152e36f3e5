export const MANY = 10;

export type Command = { label: number } | "skip" | "flag" | "undo" | "help" | null;

/** What a key means while an item is shown; with `many` classes letters belong to the filter. */
export function meaning(event: KeyboardEvent, many: boolean): Command {
  const control = event.ctrlKey || event.metaKey;
  if (control) return event.key.toLowerCase() === "z" ? "undo" : null;
  if (event.altKey) return event.code === "KeyS" ? "skip" : event.code === "KeyF" ? "flag" : null;
  if (/^[0-9]$/.test(event.key)) return { label: (Number(event.key) + 9) % 10 };
  if (event.key === "?") return "help";
  if (many) return null;
  if (event.key === " " || event.key === "x") return "skip";
  if (event.key === "f") return "flag";
  return event.key === "u" ? "undo" : null;
}

/** The classes to offer, best first: what contains the text, recent ones before the others. */
export function offered(labels: string[], recent: string[], text: string): string[] {
  const wanted = text.trim().toLowerCase();
  const order = [...recent.filter((one) => labels.includes(one)), ...labels.filter((one) => !recent.includes(one))];
  const matching = order.filter((one) => one.toLowerCase().includes(wanted));
  return wanted ? matching.sort((a, b) => Number(b.toLowerCase().startsWith(wanted)) - Number(a.toLowerCase().startsWith(wanted))) : matching;
}
