import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { preferences } from "./preferences";
import { Prose } from "./prose";
import { useSources } from "./source";
import { say } from "./strings";

const MOST = 2_000;

/** A dialog over the page; Escape closes it, and the focus goes back to where it was. */
function Dialog({ title, close, children }: { title: string; close: () => void; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => { box.current?.showModal(); }, []);
  // The browser tells of a closed dialog only later; a key pressed until then belongs to the page already.
  const leave = () => { box.current?.close(); close(); };
  return (
    <dialog
      ref={box} aria-labelledby="dialog-title"
      onCancel={(event) => { event.preventDefault(); leave(); }}
      onClose={() => { if (box.current) close(); }}
      onClick={(event) => { if (event.target === box.current) leave(); }}
    >
      <div class="inside">
        <h2 id="dialog-title">{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

function shut(event: Event): void {
  (event.currentTarget as Element).closest("dialog")?.dispatchEvent(new Event("cancel", { cancelable: true }));
}

export function Help({ keys, close }: { keys: [string, string][]; close: () => void }) {
  useSources(preferences);
  return (
    <Dialog title={say.keysTitle} close={close}>
      <table class="keys"><tbody>{keys.map(([key, what]) => <tr key={key}><th scope="row"><kbd>{key}</kbd></th><td>{what}</td></tr>)}</tbody></table>
      <label class="check">
        <input type="checkbox" checked={preferences.single} onChange={(event) => preferences.setSingle(event.currentTarget.checked)} />
        {say.singleKeys}
      </label>
      <button type="button" class="main" autofocus onClick={shut}>{say.close}</button>
    </Dialog>
  );
}

export function Instructions({ text, close }: { text: string; close: () => void }) {
  return (
    <Dialog title={say.instructions} close={close}>
      <div class="scroll" tabIndex={0} role="region" aria-label={say.instructions}><Prose text={text} /></div>
      <button type="button" class="main" autofocus onClick={shut}>{say.understood}</button>
    </Dialog>
  );
}

/** Asks for a few words; Enter sends them, Shift+Enter begins a line. */
export function Comment({ title, go, needed, send, close }: {
  title: string; go: string; needed: boolean; send: (text: string) => void; close: () => void;
}) {
  const [text, setText] = useState("");
  const ready = !needed || text.trim() !== "";
  const sent = (event: Event) => {
    event.preventDefault();
    if (!ready) return;
    shut(event);
    send(text.trim());
  };
  return (
    <Dialog title={title} close={close}>
      <form onSubmit={sent}>
        <label>
          {needed ? say.comment : say.optionalComment}
          <textarea
            rows={3} maxLength={MOST} autofocus dir="auto" value={text} onInput={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
              event.preventDefault();
              event.currentTarget.form?.requestSubmit();
            }}
          />
        </label>
        <div class="choices">
          <button type="submit" class="main" disabled={!ready}>{go} <kbd>Enter</kbd></button>
          <button type="button" onClick={shut}>{say.cancel} <kbd>Esc</kbd></button>
        </div>
      </form>
    </Dialog>
  );
}
