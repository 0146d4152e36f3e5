import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import type { About, Card } from "./api";
import { MANY, meaning, offered } from "./keys";
import { Session, isPicture } from "./session";
import { say } from "./strings";

export function Label({ about }: { about: About }) {
  const [, redraw] = useReducer((n: number, _: void) => n + 1, 0);
  const session = useMemo(() => new Session(about, () => redraw()), [about]);
  const [help, setHelp] = useState(false);
  const [text, setText] = useState("");
  const many = about.labels.length > MANY || about.open_labels;
  const classes = many ? offered(about.labels, session.recent, text) : about.labels;
  const field = useRef<HTMLInputElement>(null);

  const choose = (label: string | undefined) => {
    if (label === undefined || !session.current) return;
    setText("");
    session.answer(label);
    field.current?.focus();
  };

  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const command = meaning(event, many);
      if (event.key === "Escape") return setHelp(false);
      if (command === null) return;
      event.preventDefault();
      if (command === "help") setHelp((shown) => !shown);
      else if (help) return;
      else if (command === "skip") session.skip();
      else if (command === "flag") session.flag();
      else if (command === "undo") session.undo();
      else choose(classes[command.label]);
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  });

  const card = session.current;
  return (
    <main class="label">
      <Line session={session} />
      <section class="item" aria-live="polite" aria-busy={!card}>
        {card ? <Shown key={String(card.item)} card={card} about={about} session={session} /> : <p class="quiet">{say.nothingLeft}</p>}
      </section>
      {many && (
        <input
          ref={field} class="filter" value={text} placeholder={say.filter} aria-label={say.filter} autofocus
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            choose(classes[0] ?? (about.open_labels && text.trim() ? text.trim() : undefined));
          }}
        />
      )}
      <div class="classes" role="group" aria-label={say.label}>
        {classes.map((name, place) => (
          <button type="button" key={name} disabled={!card} onClick={() => choose(name)}>
            {place < 10 && <kbd>{(place + 1) % 10}</kbd>}
            <span dir="auto">{name}</span>
          </button>
        ))}
        {classes.length === 0 && (about.open_labels && text.trim()
          ? <button type="button" onClick={() => choose(text.trim())}>{say.newClass(text.trim())}</button>
          : <p class="quiet">{say.noClass}</p>)}
      </div>
      <div class="other">
        <button type="button" disabled={!card} onClick={() => session.skip()}>{say.skip}</button>
        <button type="button" disabled={!card} onClick={() => session.flag()}>{say.flag}</button>
        <button type="button" disabled={session.past.length === 0} onClick={() => session.undo()}>{say.undo}</button>
        <button type="button" onClick={() => setHelp(true)}>{say.help} <kbd>?</kbd></button>
      </div>
      {card && <p class="why"><span>{say.why}</span> {card.reason}</p>}
      {help && <Keys close={() => setHelp(false)} />}
    </main>
  );
}

function Line({ session }: { session: Session }) {
  const { outbox } = session;
  return (
    <div class="line">
      <span>{say.done(session.done)}</span>
      <span role="status" class={outbox.offline ? "warning" : "quiet"}>
        {outbox.offline ? say.offline(outbox.size) : outbox.size > 0 ? say.sending(outbox.size) : session.done > 0 ? say.saved : ""}
      </span>
      {session.refusal && <span role="alert" class="warning">{say.refused} {session.refusal}</span>}
    </div>
  );
}

function Shown({ card, about, session }: { card: Card; about: About; session: Session }) {
  const columns = Object.keys(card.content);
  const plain = columns.filter((name) => !isPicture(card.content[name]));
  const main = about.kind === "text" ? about.columns[0] : undefined;
  const rest = plain.filter((name) => name !== main);
  return (
    <>
      {columns.filter((name) => isPicture(card.content[name])).map((name) => <Picture key={name} card={card} column={name} session={session} />)}
      {main !== undefined && <p class="text" dir="auto">{String(card.content[main] ?? "")}</p>}
      {rest.length > 0 && (
        <table>
          <tbody>{rest.map((name) => <tr key={name}><th scope="row">{name}</th><td dir="auto">{String(card.content[name] ?? "")}</td></tr>)}</tbody>
        </table>
      )}
    </>
  );
}

function Picture({ card, column, session }: { card: Card; column: string; session: Session }) {
  const [source, setSource] = useState<string>();
  const [large, setLarge] = useState(false);
  useEffect(() => { void session.pictureOf(card, column).then(setSource); }, [card, column]);
  return source ? (
    <button type="button" class="picture" onClick={() => setLarge(!large)}>
      <img class={large ? "large" : ""} src={source} alt={say.image} />
    </button>
  ) : <p class="quiet">{say.loading}</p>;
}

function Keys({ close }: { close: () => void }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => { box.current?.showModal(); }, []);
  return (
    <dialog ref={box} onClose={close} aria-label={say.help}>
      <table><tbody>{say.keys.map(([key, what]) => <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{what}</td></tr>)}</tbody></table>
      <button type="button" onClick={() => box.current?.close()}>{say.close}</button>
    </dialog>
  );
}
