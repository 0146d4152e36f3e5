import type { About, Card } from "./contract";
import { Picture } from "./picture";
import { pictureColumns } from "./pictures";

/** An item, whole: its images, its text, its other columns as a table. Whatever it holds is shown as text. */
export function Shown({ card, about }: { card: Card; about: About }) {
  const pictured = pictureColumns(card);
  const main = about.kind === "text" ? about.columns[0] : undefined;
  const rest = Object.keys(card.content).filter((name) => name !== main && !pictured.includes(name));
  return (
    <>
      {pictured.map((name) => <Picture key={name} item={card.item} column={name} />)}
      {main !== undefined && <p class="text" dir="auto">{words(card.content[main])}</p>}
      {rest.length > 0 && (
        <table class="row">
          <tbody>{rest.map((name) => <tr key={name}><th scope="row">{name}</th><td dir="auto">{words(card.content[name])}</td></tr>)}</tbody>
        </table>
      )}
    </>
  );
}

export function words(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
