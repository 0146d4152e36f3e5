import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Item } from "./contract";
import { targetOf } from "./keys";
import { pictures } from "./pictures";
import { say } from "./strings";
import { FITTED, type Place, type View, panned, zoomed } from "./zoom";

const STEP = 1.4;
const PAN = 60;
const BLOCKY = 4;
const ARROWS: Record<string, Place> = {
  ArrowLeft: { x: PAN, y: 0 }, ArrowRight: { x: -PAN, y: 0 }, ArrowUp: { x: 0, y: PAN }, ArrowDown: { x: 0, y: -PAN },
};

/** An image to label: zoomed by wheel, pinch, double click or keys, moved by dragging or arrows. */
export function Picture({ item, column }: { item: Item; column: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View>(FITTED);
  const loaded = useLoaded(item, column);
  const size = () => frame.current!.getBoundingClientRect();
  const middle = () => ({ x: size().width / 2, y: size().height / 2 });
  const zoom = (factor: number, at: Place = middle()) => setView((old) => zoomed(old, factor, at, size()));
  const pan = (by: Place) => setView((old) => panned(old, by, size()));
  const drag = useDrag(zoom, pan);

  useLayoutEffect(() => {
    if (!(loaded instanceof HTMLImageElement)) return;
    frame.current!.replaceChildren(loaded);
    loaded.alt = say.image(column);
    const { width, height } = size();
    const enlarged = Math.min(width / loaded.naturalWidth, height / loaded.naturalHeight) >= BLOCKY;
    loaded.classList.toggle("blocky", enlarged);
  }, [loaded]);

  useLayoutEffect(() => {
    if (!(loaded instanceof HTMLImageElement)) return;
    loaded.style.transform = view.scale === 1 ? "" : `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
  }, [loaded, view]);

  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const done = pressedKey(event, view, zoom, pan, () => setView(FITTED));
      if (done) event.preventDefault();
    };
    const wheeled = (event: WheelEvent) => {
      event.preventDefault();
      const { left, top } = size();
      zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), { x: event.clientX - left, y: event.clientY - top });
    };
    const seen = frame.current;
    window.addEventListener("keydown", pressed);
    seen?.addEventListener("wheel", wheeled, { passive: false });
    return () => { window.removeEventListener("keydown", pressed); seen?.removeEventListener("wheel", wheeled); };
  });

  if (loaded instanceof Error) return <p class="warning">{say.noImage(column)} {loaded.message}</p>;
  if (!loaded) return <p class="quiet frame">{say.loading}</p>;
  return (
    <div class="picture">
      <div ref={frame} class={view.scale > 1 ? "frame zoomed" : "frame"} {...drag} onDblClick={() => (view.scale > 1 ? setView(FITTED) : zoom(3))} />
      <div class="tools" role="group" aria-label={say.zoom}>
        <button type="button" aria-label={say.zoomIn} title={say.zoomIn} onClick={() => zoom(STEP)}>+</button>
        <button type="button" aria-label={say.zoomOut} title={say.zoomOut} disabled={view.scale === 1} onClick={() => zoom(1 / STEP)}>−</button>
        <button type="button" disabled={view.scale === 1} onClick={() => setView(FITTED)}>{say.fit}</button>
      </div>
    </div>
  );
}

/** The decoded image; the error that kept it away; or undefined for as long as it is on its way. */
function useLoaded(item: Item, column: string): HTMLImageElement | Error | undefined {
  const [found, setFound] = useState<HTMLImageElement | Error | undefined>(() => pictures.ready(item, column));
  useEffect(() => {
    if (!found) pictures.load(item, column).then(setFound, (error: unknown) => setFound(error as Error));
  }, []);
  return found;
}

function pressedKey(event: KeyboardEvent, view: View, zoom: (factor: number) => void, pan: (by: Place) => void, fit: () => void): boolean {
  const target = targetOf(event);
  if (event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return false;
  if (target.matches("input, textarea, select") && !event.altKey) return false;
  const by = ARROWS[event.key];
  if (by && view.scale > 1 && !event.altKey) pan(by);
  else if (event.key === "+" || event.key === "=") zoom(STEP);
  else if (event.key === "-") zoom(1 / STEP);
  else if (event.code === "KeyZ") (view.scale > 1 ? fit : () => zoom(3))();
  else return false;
  return true;
}

type Handlers = Record<"onPointerDown" | "onPointerMove" | "onPointerUp" | "onPointerCancel", (event: PointerEvent) => void>;

/** Handlers that move what is dragged by one pointer, and zoom what two of them pinch. */
function useDrag(zoom: (factor: number, at: Place) => void, pan: (by: Place) => void): Handlers {
  const down = useRef(new Map<number, Place>());
  const ended = (event: PointerEvent) => { down.current.delete(event.pointerId); };
  return {
    onPointerDown: (event) => {
      if (event.button !== 0) return;
      (event.currentTarget as Element).setPointerCapture(event.pointerId);
      down.current.set(event.pointerId, { x: event.clientX, y: event.clientY });
    },
    onPointerMove: (event) => {
      const before = down.current.get(event.pointerId);
      if (!before) return;
      const now = { x: event.clientX, y: event.clientY };
      const other = [...down.current].find(([pointer]) => pointer !== event.pointerId)?.[1];
      down.current.set(event.pointerId, now);
      if (!other) return pan({ x: now.x - before.x, y: now.y - before.y });
      const { left, top } = (event.currentTarget as Element).getBoundingClientRect();
      const at = { x: (now.x + other.x) / 2 - left, y: (now.y + other.y) / 2 - top };
      zoom(distance(now, other) / Math.max(distance(before, other), 1), at);
    },
    onPointerUp: ended,
    onPointerCancel: ended,
  };
}

function distance(one: Place, other: Place): number { return Math.hypot(one.x - other.x, one.y - other.y); }
