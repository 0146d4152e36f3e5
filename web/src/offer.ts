/** Up to so many classes are buttons, in an order that stays; of more, one is sought by its name. */
export const MANY = 10;

/** The classes to offer, best first: what begins with the text, then what contains it; suggested and recent ones lead. */
export function offered(labels: string[], suggested: string[], recent: string[], text: string): string[] {
  const known = new Set(labels);
  const order = [...new Set([...suggested, ...recent].filter((one) => known.has(one)).concat(labels))];
  const wanted = text.trim().toLowerCase();
  if (!wanted) return order;
  const matching = order.filter((one) => one.toLowerCase().includes(wanted));
  const begins = (one: string) => Number(one.toLowerCase().startsWith(wanted));
  return matching.sort((a, b) => begins(b) - begins(a));
}
