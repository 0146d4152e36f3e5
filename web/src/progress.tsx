import { useEffect, useState } from "preact/hooks";
import { type Point, type Where, get } from "./api";
import { say } from "./strings";

const EVERY = 3_000;

export function Progress() {
  const [where, setWhere] = useState<Where>();
  useEffect(() => {
    const look = () => void get<Where>("/progress").then(setWhere).catch(() => undefined);
    look();
    const timer = setInterval(look, EVERY);
    return () => clearInterval(timer);
  }, []);
  if (!where) return <p class="quiet">{say.loading}</p>;
  const { worker } = where;
  return (
    <main class="progress">
      <section><h2>{say.curve}</h2>{where.curve.length ? <Curve points={where.curve} /> : <p class="quiet">{say.noCurve}</p>}</section>
      <Table title={say.items} rows={where.counts} />
      <Table title={say.classes} rows={where.labels} />
      <Table title={say.people} rows={where.annotators} />
      <section>
        <h2>{say.worker}</h2>
        <p>{worker ? `${worker.doing}, ${say.model} ${where.model ?? "–"}` : "–"}</p>
        {worker?.error && <p role="alert" class="warning">{worker.error}</p>}
      </section>
    </main>
  );
}

function Table({ title, rows }: { title: string; rows: Record<string, number> }) {
  const entries = Object.entries(rows).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  return (
    <section>
      <h2>{title}</h2>
      <table><tbody>{entries.map(([name, count]) => <tr key={name}><th scope="row" dir="auto">{name}</th><td>{count.toLocaleString()}</td></tr>)}</tbody></table>
    </section>
  );
}

function Curve({ points }: { points: Point[] }) {
  const [wide, high, pad] = [640, 240, 34];
  const most = Math.max(...points.map((one) => one.labels), 1);
  const x = (n: number) => pad + (n / most) * (wide - 2 * pad);
  const y = (v: number) => high - pad - v * (high - 2 * pad);
  const path = (key: "value" | "low" | "high") => points.map((one) => `${x(one.labels)},${y(one[key])}`);
  const last = points[points.length - 1]!;
  const words = `${(100 * last.value).toFixed(1)}% [${(100 * last.low).toFixed(1)}, ${(100 * last.high).toFixed(1)}], ${last.n} ${say.labelsAxis}`;
  return (
    <figure>
      <svg viewBox={`0 0 ${wide} ${high}`} role="img" aria-label={words}>
        {[0, 0.5, 1].map((v) => <g key={v}><line class="grid" x1={pad} x2={wide - pad} y1={y(v)} y2={y(v)} /><text x={pad - 6} y={y(v) + 4} text-anchor="end">{100 * v}</text></g>)}
        <polygon class="band" points={[...path("low"), ...path("high").reverse()].join(" ")} />
        <polyline class="curve" points={path("value").join(" ")} />
        {points.map((one) => <line key={one.labels} class="interval" x1={x(one.labels)} x2={x(one.labels)} y1={y(one.low)} y2={y(one.high)} />)}
        {points.map((one) => <circle key={one.labels} class="dot" cx={x(one.labels)} cy={y(one.value)} r="3" />)}
        <text x={wide - pad} y={high - 10} text-anchor="end">{most} {say.labelsAxis}</text>
      </svg>
      <figcaption>{words}</figcaption>
    </figure>
  );
}
