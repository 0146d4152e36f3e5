import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Suggestion } from "./contract";
import { say } from "./strings";

const FIRST = 60;

interface Choice { classes: string[]; suggested: Suggestion[]; choose: (label: string) => void; disabled: boolean }

/** A few classes: a button each, in an order that stays. */
export function Buttons({ classes, suggested, choose, disabled, letters }: Choice & { letters: (string | undefined)[] }) {
  return (
    <div class="classes" role="group" aria-label={say.classes}>
      {classes.map((name, place) => (
        <button type="button" key={name} disabled={disabled} class={mark(suggested, name)} onClick={() => choose(name)}>
          <span class="keys"><kbd>{(place + 1) % 10}</kbd>{letters[place] && <kbd>{letters[place]!.toUpperCase()}</kbd>}</span>
          <span class="name" dir="auto">{name}</span>
          <Share suggested={suggested} name={name} />
        </button>
      ))}
    </div>
  );
}

/** Many classes: a field to find one in, and a list of those that have the text, the likeliest first. */
export function Finder({ classes, suggested, choose, disabled, text, setText, open, field, digits }: Choice & {
  text: string; setText: (text: string) => void; open: boolean; digits: boolean; field: RefObject<HTMLInputElement | null>;
}) {
  const [active, setActive] = useState({ text, place: 0 }); // a place among what has this text
  const [all, setAll] = useState(false);
  const seen = all ? classes : classes.slice(0, FIRST);
  const fresh = open && text.trim() !== "" && !classes.includes(text.trim()) ? text.trim() : null;
  const at = Math.min(active.text === text ? active.place : 0, seen.length - 1);
  useEffect(() => { document.getElementById(`class-${at}`)?.scrollIntoView({ block: "nearest" }); }, [at]);

  const pressed = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") setActive({ text, place: Math.max(0, Math.min(at + (event.key === "ArrowDown" ? 1 : -1), seen.length - 1)) });
    else if (event.key === "Enter" && !event.repeat) take(seen[at] ?? fresh ?? undefined);
    else if (event.key === "Escape") setText("");
    else return;
    event.preventDefault();
  };
  const take = (label: string | undefined) => {
    if (label === undefined || disabled) return;
    setActive({ text, place: 0 });
    choose(label);
  };

  return (
    <div class="finder">
      <input
        ref={field} class="filter" value={text} placeholder={say.filter} role="combobox" aria-label={say.filter} aria-expanded="true"
        aria-controls="classes" aria-activedescendant={at >= 0 ? `class-${at}` : undefined} autocomplete="off" spellcheck={false} enterkeyhint="done"
        onInput={(event) => setText(event.currentTarget.value)} onKeyDown={pressed}
      />
      <ul id="classes" class="classes" role="listbox" aria-label={say.classes}>
        {seen.map((name, place) => (
          <li
            key={name} id={`class-${place}`} role="option" aria-selected={place === at} class={mark(suggested, name)}
            onMouseDown={(event) => event.preventDefault()} onClick={() => take(name)}
          >
            {digits && place < 10 && <kbd>{(place + 1) % 10}</kbd>}
            <span class="name" dir="auto">{name}</span>
            <Share suggested={suggested} name={name} />
          </li>
        ))}
      </ul>
      {seen.length < classes.length && <button type="button" class="plain" onClick={() => setAll(true)}>{say.allClasses(classes.length)}</button>}
      {fresh !== null && <button type="button" disabled={disabled} onClick={() => take(fresh)}>{say.newClass(fresh)}</button>}
      {classes.length === 0 && fresh === null && <p class="quiet">{open && !text ? say.firstClass : say.noClass}</p>}
    </div>
  );
}

function mark(suggested: Suggestion[], name: string): string {
  return suggested[0]?.label === name ? "suggested" : "";
}

/** How much of its belief the model gives to a class, as a bar without a figure: it measures nothing. */
function Share({ suggested, name }: { suggested: Suggestion[]; name: string }) {
  const found = suggested.find((one) => one.label === name);
  if (!found) return null;
  return (
    <span class="share" title={say.suggested}>
      <span class="hidden">{say.suggested}</span>
      <span class="bar" style={{ width: `${Math.round(100 * Math.min(Math.max(found.share, 0), 1))}%` }} />
    </span>
  );
}
