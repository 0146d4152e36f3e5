import { useLayoutEffect, useReducer } from "preact/hooks";

/** Something that changes by itself, and tells who watches it. */
export class Source {
  private readonly watchers = new Set<() => void>();

  watch(watcher: () => void): () => void {
    this.watchers.add(watcher);
    return () => { this.watchers.delete(watcher); };
  }

  protected changed(): void { for (const one of this.watchers) one(); }
}

/** Draw a component again whenever one of `sources` changes. */
export function useSources(...sources: Source[]): void {
  const [, redraw] = useReducer((n: number, _: void) => n + 1, 0);
  useLayoutEffect(() => {
    const ends = sources.map((one) => one.watch(() => redraw()));
    return () => ends.forEach((end) => end());
  }, sources);
}
