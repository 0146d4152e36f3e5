import { Source } from "./source";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** What a person chose for this browser. */
class Preferences extends Source {
  theme: Theme = THEMES.find((one) => one === kept("theme")) ?? "system";
  /** Whether one key alone does something; speech input and tremor may press keys that were not meant. */
  single = kept("single-keys") !== "off";

  constructor() {
    super();
    this.apply();
  }

  nextTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length]!;
    keep("theme", this.theme);
    this.apply();
  }

  setSingle(on: boolean): void {
    this.single = on;
    keep("single-keys", on ? "on" : "off");
    this.changed();
  }

  private apply(): void {
    document.documentElement.dataset.theme = this.theme;
    this.changed();
  }
}

export function kept(name: string): string | null { return localStorage.getItem(`asklearn-${name}`); }

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`asklearn-${name}`, value);
  } catch {
    /* a browser that keeps nothing asks again next time */
  }
}

export const preferences = new Preferences();
