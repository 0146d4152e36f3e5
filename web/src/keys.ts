export type Command =
  | { label: number } | "skip" | "flag" | "note" | "undo" | "similar" | "instructions" | "help" | null;

const COMMANDS: Record<string, Command> = {
  " ": "skip", x: "skip", f: "flag", c: "note", u: "undo", m: "similar", i: "instructions", "?": "help",
};
export const ZOOM_KEYS = "z";

export interface Keyboard {
  /** Letters belong to a field in which a class is sought. */
  filter: boolean;
  /** One key alone means something; otherwise with Alt only. */
  single: boolean;
  /** Digits choose; otherwise they are typed like letters. */
  digits: boolean;
  letters: (string | undefined)[];
}

/** What a key means while an item is shown. */
export function meaning(event: KeyboardEvent, keyboard: Keyboard): Command {
  if (event.isComposing || event.repeat || elsewhere(event)) return null;
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "z" && !typed(event) ? "undo" : null;
  if (!event.altKey && !keyboard.single) return null;
  const place = keyboard.digits || event.altKey ? digit(event) : null;
  if (place !== null) return { label: place };
  const key = event.altKey ? unshifted(event) : event.key.toLowerCase();
  if (key === "?") return "help";
  if (keyboard.filter && !event.altKey) return null;
  const letter = keyboard.letters.indexOf(key);
  return letter >= 0 && !event.shiftKey ? { label: letter } : (COMMANDS[key] ?? null);
}

/** The letter that chooses each class: its first one, where no other class and no command has it. */
export function letters(labels: string[]): (string | undefined)[] {
  const firsts = labels.map((one) => one.slice(0, 1).toLowerCase());
  return firsts.map((one, place) => (
    /^[a-z]$/.test(one) && !(one in COMMANDS) && one !== ZOOM_KEYS && firsts.indexOf(one) === place && firsts.lastIndexOf(one) === place
      ? one : undefined));
}

/** The place of the class that a digit chooses: 1 is the first, 0 the tenth, Shift+1 the eleventh. */
function digit(event: KeyboardEvent): number | null {
  const found = /^[0-9]$/.test(event.key) && !event.shiftKey ? event.key : /^Digit([0-9])$/.exec(event.code)?.[1];
  if (found === undefined || (!/^[0-9]$/.test(event.key) && !event.shiftKey && !event.altKey)) return null;
  return (Number(found) + 9) % 10 + (event.shiftKey ? 10 : 0);
}

/** The key without what Alt makes of it on some keyboards. */
function unshifted(event: KeyboardEvent): string {
  const letter = /^Key([A-Z])$/.exec(event.code)?.[1];
  return letter?.toLowerCase() ?? (event.code === "Slash" ? "?" : event.code === "Space" ? " " : event.key.toLowerCase());
}

/** The element that has the focus as a key is pressed. */
export function targetOf(event: KeyboardEvent): Element {
  return event.target instanceof Element ? event.target : document.body;
}

/** Whether the key belongs to what has the focus: a dialog, a text, a button that Space or Enter presses. */
function elsewhere(event: KeyboardEvent): boolean {
  const target = targetOf(event);
  if (document.querySelector("dialog[open]") || target.matches("textarea, select")) return true;
  return (event.key === " " || event.key === "Enter") && target.matches("button, a, summary");
}

function typed(event: KeyboardEvent): boolean { return event.target instanceof HTMLInputElement && event.target.value !== ""; }
