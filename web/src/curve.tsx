import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Point } from "./contract";
import { say } from "./strings";

const HIGH = 272;
const PAD = { left: 44, right: 24, top: 12, bottom: 28 };
const STEPS = [0.02, 0.05, 0.1, 0.2, 0.25];
const MOST_RULES = 5;

/** The learning curve: each estimate with its interval, over the number of labels. */
export function Curve({ points }: { points: Point[] }) {
  const figure = useRef<HTMLElement>(null);
  const wide = useWidth(figure);
  const most = Math.max(...points.map((one) => one.labels), 1);
  const rules = ruled(Math.min(...points.map((one) => one.low)));
  const least = rules[rules.length - 1]!;
  const x = (n: number) => PAD.left + (n / most) * (wide - PAD.left - PAD.right);
  const y = (v: number) => PAD.top + ((1 - v) / (1 - least)) * (HIGH - PAD.top - PAD.bottom);
  const path = (key: "value" | "low" | "high") => points.map((one) => `${x(one.labels)},${y(one[key])}`);
  const last = points[points.length - 1]!;
  return (
    <figure ref={figure}>
      <figcaption>{say.estimate(last)}</figcaption>
      <svg viewBox={`0 0 ${wide} ${HIGH}`} role="img" aria-label={`${say.curve}: ${say.estimate(last)}`}>
        {rules.map((v) => (
          <g key={v}>
            <line class="rule" x1={PAD.left} x2={wide - PAD.right} y1={y(v)} y2={y(v)} />
            <text x={PAD.left - 6} y={y(v) + 4} text-anchor="end">{say.percent(v)}</text>
          </g>
        ))}
        <polygon class="band" points={[...path("low"), ...path("high").reverse()].join(" ")} />
        <polyline class="curve" points={path("value").join(" ")} />
        {points.map((one) => (
          <g key={one.labels}>
            <title>{say.estimate(one)}</title>
            <line class="interval" x1={x(one.labels)} x2={x(one.labels)} y1={y(one.low)} y2={y(one.high)} />
            <circle class="dot" cx={x(one.labels)} cy={y(one.value)} r="3.5" />
          </g>
        ))}
        {[0, 0.5, 1].map((share) => (
          <text key={share} x={x(share * most)} y={HIGH - 8} text-anchor={share === 1 ? "end" : "middle"}>{say.labelsCount(Math.round(share * most))}</text>
        ))}
      </svg>
      <details>
        <summary>{say.asTable}</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label={say.curve}>
          <table>
            <thead><tr>{say.curveColumns.map((one) => <th key={one} scope="col">{one}</th>)}</tr></thead>
            <tbody>{points.map((one) => (
              <tr key={one.labels}><td>{one.labels}</td><td>{say.percent(one.value, 1)}</td><td>{say.percent(one.low, 1)} – {say.percent(one.high, 1)}</td><td>{one.n}</td></tr>
            ))}</tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

/** Round values from 1 down to one that is not above `low`. */
function ruled(low: number): number[] {
  const step = STEPS.find((one) => Math.ceil((1 - low) / one) <= MOST_RULES) ?? STEPS[STEPS.length - 1]!;
  return Array.from({ length: Math.ceil((1 - low) / step - 1e-9) + 1 }, (_, k) => Math.max(0, 1 - k * step));
}

function useWidth(of: { current: Element | null }): number {
  const [width, setWidth] = useState(640);
  useLayoutEffect(() => {
    const seen = new ResizeObserver(([one]) => setWidth(Math.max(240, Math.round(one!.contentRect.width))));
    seen.observe(of.current!);
    return () => seen.disconnect();
  }, []);
  return width;
}
