import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { About, Card } from "./contract";
import { Help } from "./dialogs";
import type { Feed } from "./feed";
import { words } from "./item";
import { targetOf } from "./keys";
import type { Outbox } from "./outbox";
import { pictureColumns, pictures } from "./pictures";
import { preferences } from "./preferences";
import type { Sheet } from "./sheet";
import { useSources } from "./source";
import { Line, Trouble } from "./status";
import { say } from "./strings";

/** Many small items that the model takes for one class: the wrong ones are clicked, one key confirms the rest. */
export function Grid({ about, sheet, outbox, feed }: { about: About; sheet: Sheet; outbox: Outbox; feed: Feed }) {
  useSources(sheet, preferences);
  const [help, setHelp] = useState(false);
  const cells = useRef<HTMLUListElement>(null);
  const { page } = sheet;
  useEffect(() => void sheet.load(), []);
  useEffect(() => cells.current?.querySelector<HTMLElement>("button")?.focus({ preventScroll: true }), [page]);

  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const done = key(event, { confirm: () => sheet.confirm(), undo: () => sheet.undo(), help: () => setHelp(true) }, cells.current);
      if (done) event.preventDefault();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });

  const left = page ? page.cards.length - page.wrong.size : 0;
  return (
    <main class="grid">
      <Line outbox={outbox} feed={feed} before={about.answers} done={sheet.done} />
      <Trouble outbox={outbox} feed={feed} also={[sheet.trouble].filter(Boolean)} />
      <div class="sheet-head">
        <h2 aria-live="polite">{page ? <>{say.allOf} <strong dir="auto">{page.label}</strong>?</> : say.grid}</h2>
        <div class="other">
          <button type="button" disabled={sheet.past.length === 0} onClick={() => sheet.undo()}>{say.undo} <kbd>U</kbd></button>
          <button type="button" onClick={() => setHelp(true)}>{say.keys} <kbd>?</kbd></button>
          <button type="button" class="main" disabled={!page} aria-keyshortcuts="Enter" onClick={() => sheet.confirm()}>{say.confirm(left)} <kbd>Enter</kbd></button>
        </div>
      </div>
      {page ? (
        <>
          <p class="quiet">{say.markWrong}</p>
          <ul ref={cells} class={about.kind === "image" ? "cells pictures" : "cells"}>
            {page.cards.map((card, place) => (
              <Cell key={String(card.item)} card={card} about={about} wrong={page.wrong.has(card.item)} first={place === 0} toggle={() => sheet.toggle(card.item)} />
            ))}
          </ul>
        </>
      ) : <p class="quiet" aria-live="polite">{sheet.loading || !sheet.asked ? say.loading : <>{say.noSheet} <button type="button" onClick={() => void sheet.load()}>{say.again}</button></>}</p>}
      {help && <Help keys={say.gridKeys} close={() => setHelp(false)} />}
    </main>
  );
}

function Cell({ card, about, wrong, first, toggle }: { card: Card; about: About; wrong: boolean; first: boolean; toggle: () => void }) {
  const pictured = pictureColumns(card);
  const columns = Object.keys(card.content).filter((name) => !pictured.includes(name));
  const main = about.kind === "text" ? columns.filter((name) => name === about.columns[0]) : pictured.length > 0 ? [] : columns;
  return (
    <li>
      <button
        type="button" class={wrong ? "cell wrong" : "cell"} aria-pressed={wrong} tabIndex={first ? 0 : -1} onClick={toggle}
        onFocus={(event) => { rove(event.currentTarget); }}
      >
        {pictured.map((name) => <Thumb key={name} card={card} column={name} />)}
        {main.map((name) => (
          <span key={name} class="excerpt" dir="auto">{main.length > 1 && <b>{name}</b>} {words(card.content[name])}</span>
        ))}
        {wrong && <span class="cross" aria-hidden="true">✕</span>}
        <span class="hidden">{wrong ? say.markedWrong : ""}</span>
      </button>
    </li>
  );
}

function Thumb({ card, column }: { card: Card; column: string }) {
  const [source, setSource] = useState(() => pictures.ready(card.item, column)?.src);
  useEffect(() => { if (!source) void pictures.load(card.item, column).then((one) => setSource(one.src), () => undefined); }, []);
  return source ? <img src={source} alt={say.image(column)} draggable={false} /> : <span class="thumb" />;
}

interface Acts { confirm: () => void; undo: () => void; help: () => void }

/** Do what a key means; return whether it meant anything. */
function key(event: KeyboardEvent, acts: Acts, cells: HTMLElement | null): boolean {
  const target = targetOf(event);
  if (event.repeat || document.querySelector("dialog[open]")) return event.repeat ? moved(event, cells) : false;
  if (event.key === "Enter" && !target.matches("a, .sheet-head button, header button")) acts.confirm();
  else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") acts.undo();
  else if (event.ctrlKey || event.metaKey) return false;
  else if (!preferences.single && !event.altKey) return moved(event, cells);
  else if (event.code === "KeyU") acts.undo();
  else if (event.key === "?") acts.help();
  else if (event.key.toLowerCase() === "x" && target.matches(".cell")) (target as HTMLElement).click();
  else return moved(event, cells);
  return true;
}

/** Move the focus from cell to cell by arrows, Home and End. */
function moved(event: KeyboardEvent, cells: HTMLElement | null): boolean {
  const all = [...(cells?.querySelectorAll<HTMLElement>(".cell") ?? [])];
  const at = all.indexOf(event.target as HTMLElement);
  if (at < 0) return false;
  const top = all[0]!.getBoundingClientRect().top;
  const across = all.filter((one) => one.getBoundingClientRect().top === top).length || 1;
  const forward = getComputedStyle(cells!).direction === "rtl" ? -1 : 1;
  const steps: Record<string, number> = {
    ArrowRight: forward, ArrowLeft: -forward, ArrowDown: across, ArrowUp: -across, Home: -at, End: all.length - 1 - at,
  };
  const step = steps[event.key];
  if (step === undefined) return false;
  all[Math.min(Math.max(at + step, 0), all.length - 1)]!.focus();
  return true;
}

/** Let Tab come back to the cell that had the focus last. */
function rove(cell: HTMLElement): void {
  for (const one of cell.closest("ul")!.querySelectorAll<HTMLElement>(".cell")) one.tabIndex = one === cell ? 0 : -1;
}
