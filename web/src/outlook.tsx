import type { Outlook } from "./contract";
import { say } from "./strings";

/** What more labels are worth, as the worker expects it. */
export function Forecast({ forecast }: { forecast: NonNullable<Outlook["forecast"]> }) {
  return <p class="quiet">{say.forecast(forecast)}</p>;
}

/** Where the model is wrong more often than elsewhere. */
export function Gaps({ gaps, labels }: { gaps: NonNullable<Outlook["gaps"]>; labels: number }) {
  return (
    <section class="wide">
      <h2>{say.gaps}</h2>
      {gaps.length === 0 ? <p class="quiet">{say.noGaps(labels)}</p> : (
        <div class="scroll" tabIndex={0} role="region" aria-label={say.gaps}>
          <table>
            <thead><tr>{say.gapColumns.map((one) => <th key={one} scope="col">{one}</th>)}</tr></thead>
            <tbody>{gaps.map((one) => (
              <tr key={one.name}>
                <th scope="row" dir="auto">{one.name}</th>
                <td>{one.size.toLocaleString()}</td>
                <td>{say.withInterval(one)}</td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      )}
    </section>
  );
}
