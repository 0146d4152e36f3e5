import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Buttons, Finder } from "./classes";
import type { About } from "./contract";
import { Comment, Help, Instructions } from "./dialogs";
import type { Feed } from "./feed";
import { Shown } from "./item";
import { type Command, letters, meaning, targetOf } from "./keys";
import { MANY, offered } from "./offer";
import type { Outbox } from "./outbox";
import { keep, kept, preferences } from "./preferences";
import type { Session } from "./session";
import { useSources } from "./source";
import { Line, Trouble } from "./status";
import { say } from "./strings";

type Open = "help" | "instructions" | "flag" | "note" | null;

export function Label({ about, session, outbox, feed }: { about: About; session: Session; outbox: Outbox; feed: Feed }) {
  useSources(session, preferences);
  const [text, setText] = useState("");
  const [open, setOpen] = useState<Open>(() => (unread(about) ? "instructions" : null));
  const field = useRef<HTMLInputElement>(null);
  const place = useRef<HTMLElement>(null);

  const card = session.current;
  const many = session.labels.length > MANY || about.open_labels;
  const suggested = card?.suggested ?? [];
  const classes = many ? offered(session.labels, suggested.map((one) => one.label), session.recent, text) : session.labels;
  const digits = !many || text === "" || !session.labels.some((one) => /\d/.test(one));
  const byLetter = many ? [] : letters(session.labels);

  const choose = (label: string | undefined) => {
    if (label === undefined || !card) return;
    setText("");
    session.answer(label);
    if (many) field.current?.focus({ preventScroll: true });
    else unpressed(place.current);
  };
  const act: Record<Exclude<Command, null | object>, () => void> = {
    skip: () => session.skip(),
    undo: () => session.undo(),
    similar: () => void session.similar(),
    flag: () => card && setOpen("flag"),
    note: () => card && setOpen("note"),
    instructions: () => about.instructions && setOpen("instructions"),
    help: () => setOpen("help"),
  };

  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const command = meaning(event, { filter: many, single: preferences.single, digits, letters: byLetter });
      if (command === null) return typed(event, field.current);
      event.preventDefault();
      if (typeof command === "object") choose(classes[command.label]);
      else act[command]();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });
  useEffect(() => { place.current?.scrollTo(0, 0); }, [card?.item]);
  useEffect(() => { if (many && !open && finePointer()) field.current?.focus(); }, [many, open]);

  const close = () => {
    if (open === "instructions") keep(read(about), about.instructions!);
    setOpen(null);
  };
  const button = (command: keyof typeof act, key: string, words: string, off = !card) => (
    <button type="button" disabled={off} aria-keyshortcuts={shortcut(key, many)} onClick={() => { act[command](); unpressed(place.current); }}>
      {words} <kbd>{shown(key, many)}</kbd>
    </button>
  );

  return (
    <main class="label">
      <Line outbox={outbox} feed={feed} before={about.answers} done={session.done} />
      <Trouble outbox={outbox} feed={feed} also={[session.trouble].filter(Boolean)} />
      <section ref={place} class="item" aria-label={say.item} aria-live="polite" aria-busy={!card} tabIndex={0}>
        {card ? <Shown key={String(card.item)} card={card} about={about} /> : <p class="quiet">{outbox.offline || feed.lost ? say.nothingHere : say.nothingLeft}</p>}
      </section>
      <p class="why">
        {card && <><span>{say.why}</span> {card.reason}</>}
        {session.alike !== null && <strong> {say.alike(session.alike)}</strong>}
      </p>
      {many
        ? <Finder {...{ classes, suggested, choose, text, setText, field, digits }} open={about.open_labels} disabled={!card} />
        : <Buttons {...{ classes, suggested, choose, letters: byLetter }} disabled={!card} />}
      <div class="other" role="group" aria-label={say.otherwise}>
        {button("undo", "U", session.last ? say.undoLast(session.last.label) : say.undo, !session.last)}
        {button("skip", "X", say.skip)}
        {button("flag", "F", say.flag)}
        {button("note", "C", say.note)}
        {button("similar", "M", say.similar)}
        {about.instructions && button("instructions", "I", say.instructions, false)}
        {button("help", "?", say.keys, false)}
      </div>
      {open === "help" && <Help keys={say.labelKeys(many, card !== null && about.kind === "image")} close={close} />}
      {open === "instructions" && about.instructions && <Instructions text={about.instructions} close={close} />}
      {open === "flag" && <Comment title={say.flagTitle} go={say.flag} needed={false} send={(words) => session.flag(words)} close={close} />}
      {open === "note" && <Comment title={say.noteTitle} go={say.keepNote} needed send={(words) => session.note(words)} close={close} />}
    </main>
  );
}

function read(about: About): string { return `read-${about.name}`; }

/** Whether this browser has not shown these instructions yet. */
function unread(about: About): boolean { return Boolean(about.instructions) && kept(read(about)) !== about.instructions; }

function shown(key: string, many: boolean): string { return (many && key !== "?") || !preferences.single ? `Alt+${key}` : key; }
function shortcut(key: string, many: boolean): string { return shown(key, many).replace("?", "Shift+/"); }

/** Let a letter that is pressed beside the field be the first one in it. */
function typed(event: KeyboardEvent, field: HTMLInputElement | null): void {
  const plain = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && !targetOf(event).matches("input, textarea, select, dialog, dialog *")) field?.focus({ preventScroll: true });
}

/** On a touch screen a focused field would bring the keyboard up over the item. */
function finePointer(): boolean { return matchMedia("(pointer: fine)").matches; }

/** Take the focus from a button that a pointer pressed, or the next Space would press it again. */
function unpressed(place: HTMLElement | null): void {
  if (document.activeElement?.matches("button:not(:focus-visible)")) place?.focus({ preventScroll: true });
}
