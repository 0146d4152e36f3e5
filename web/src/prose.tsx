import type { JSX } from "preact";

const BULLET = /^\s*[-*+]\s+/;
const NUMBER = /^\s*\d+[.)]\s+/;
const HEADING = /^#{1,6}\s+/;

/** Markdown's paragraphs, headings and lists, **strong** and `code`; all else, HTML above all, stays text. */
export function Prose({ text }: { text: string }) {
  return <div class="prose" dir="auto">{blocks(text).map(drawn)}</div>;
}

type Kind = "p" | "ul" | "ol" | "h";
interface Block { kind: Kind; lines: string[] }

function blocks(text: string): Block[] {
  const found: Block[] = [];
  let open: Block | null = null;
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    const kind = kindOf(line);
    if (kind === null) open = null;
    else if (open && kind === open.kind && kind !== "h") open.lines.push(line);
    else if (open && kind === "p" && /^\s+/.test(line) && open.kind !== "h") open.lines[open.lines.length - 1] += ` ${line.trim()}`;
    else found.push((open = { kind, lines: [line] }));
  }
  return found;
}

function kindOf(line: string): Kind | null {
  if (line.trim() === "") return null;
  return HEADING.test(line) ? "h" : BULLET.test(line) ? "ul" : NUMBER.test(line) ? "ol" : "p";
}

function drawn({ kind, lines }: Block): JSX.Element {
  if (kind === "h") return <h3>{inline(lines[0]!.replace(HEADING, ""))}</h3>;
  if (kind === "p") return <p>{inline(lines.join("\n"))}</p>;
  const items = lines.map((line) => <li>{inline(line.replace(kind === "ul" ? BULLET : NUMBER, ""))}</li>);
  return kind === "ul" ? <ul>{items}</ul> : <ol>{items}</ol>;
}

function inline(text: string): (string | JSX.Element)[] {
  return text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((part) => (
    part.startsWith("**") && part.length > 4 ? <strong>{part.slice(2, -2)}</strong>
      : part.startsWith("`") && part.length > 2 ? <code>{part.slice(1, -1)}</code> : part));
}
