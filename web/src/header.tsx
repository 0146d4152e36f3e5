import type { About } from "./contract";
import { preferences } from "./preferences";
import { useSources } from "./source";
import { say } from "./strings";

export type Page = "label" | "grid" | "progress";

export function Header({ about, page }: { about: About; page: Page }) {
  const pages: Page[] = about.suggestions ? ["label", "grid", "progress"] : ["label", "progress"];
  return (
    <header>
      <h1 dir="auto">{about.name}</h1>
      <nav aria-label={say.nav}>
        {pages.map((one) => <a key={one} href={`#${one}`} aria-current={page === one ? "page" : undefined}>{say.pages[one]}</a>)}
      </nav>
      <span class="who" title={say.signedInAs}><span class="hidden">{say.signedInAs} </span>{about.annotator}</span>
      <ThemeButton />
    </header>
  );
}

const ICONS = {
  system: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16z",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M12 2v2 M12 20v2 M2 12h2 M20 12h2 M4.9 4.9l1.4 1.4 M17.7 17.7l1.4 1.4 M4.9 19.1l1.4-1.4 M17.7 6.3l1.4-1.4",
  dark: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
};

function ThemeButton() {
  useSources(preferences);
  const words = say.theme[preferences.theme];
  return (
    <button type="button" class="icon" aria-label={words} title={words} onClick={() => preferences.nextTheme()}>
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d={ICONS[preferences.theme]} />{preferences.theme === "system" && <path class="filled" d="M12 4a8 8 0 0 1 0 16z" />}</svg>
    </button>
  );
}
