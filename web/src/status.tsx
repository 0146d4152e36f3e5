import type { Feed } from "./feed";
import type { Outbox } from "./outbox";
import { useSources } from "./source";
import { say } from "./strings";

/** How far this person and the project are, and whether everything that was said is on the server's disk. */
export function Line({ outbox, feed, before, done }: { outbox: Outbox; feed: Feed; before: number; done: number }) {
  useSources(outbox, feed);
  const { items, asked, open } = feed.now ?? {};
  const settled = asked === undefined || open === undefined ? undefined : Math.max(0, asked - open);
  return (
    <div class="line">
      <span>{say.mine(before + done, done)}</span>
      {items !== undefined && settled !== undefined && items > 0 && (
        <span class="share-of">
          <progress max={items} value={settled} aria-label={say.ofProject} />
          {say.settled(settled, items)}
        </span>
      )}
      <span role="status" class={outbox.offline ? "warning" : "quiet"}>{saved(outbox, done)}</span>
    </div>
  );
}

function saved(outbox: Outbox, done: number): string {
  if (outbox.offline) return say.offline(outbox.size, outbox.said);
  if (outbox.size > 0) return say.sending(outbox.size);
  return done > 0 ? say.saved : "";
}

/** What a person should know of, in words; nothing where all is well. */
export function Trouble({ outbox, feed, also }: { outbox: Outbox; feed: Feed; also: string[] }) {
  useSources(outbox, feed);
  const { problem, worker } = feed.now ?? {};
  const said = [
    outbox.refusal && say.refused(outbox.refusal),
    outbox.unkept && say.unkept,
    feed.lost && !outbox.offline && say.lost,
    problem,
    worker?.error && say.workerTrouble(worker.error),
    ...(outbox.offline ? [] : also),
  ].filter(Boolean);
  return <div class="troubles" role="alert">{[...new Set(said)].map((one) => <p key={String(one)} class="trouble">{one}</p>)}</div>;
}
