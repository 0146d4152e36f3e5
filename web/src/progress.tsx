import { useEffect, useState } from "preact/hooks";
import { get } from "./api";
import type { Where } from "./contract";
import { Curve } from "./curve";
import type { Feed } from "./feed";
import { Forecast, Gaps } from "./outlook";
import type { Outbox } from "./outbox";
import { useSources } from "./source";
import { Trouble } from "./status";
import { say } from "./strings";

const AT_LEAST = 1_500;
const AT_MOST = 15_000;

/** The owner's first page: how much is labelled and by whom, what the model reaches, how the worker fares. */
export function Progress({ feed, outbox }: { feed: Feed; outbox: Outbox }) {
  useSources(feed);
  const [where, setWhere] = useState<Where>();
  const [refused, setRefused] = useState("");
  const { position, worker: doing } = feed.now ?? {};
  useEffect(() => {
    const look = () => void get<Where>("/progress").then((found) => { setWhere(found); setRefused(""); }, (error: unknown) => setRefused((error as Error).message));
    const soon = setTimeout(look, where ? AT_LEAST : 0);
    const timer = setInterval(look, AT_MOST);
    return () => { clearTimeout(soon); clearInterval(timer); };
  }, [position, doing?.doing]);

  if (!where) return <main><p class={refused ? "warning" : "quiet"} role="status">{refused || say.loading}</p></main>;
  const { outlook } = where;
  return (
    <main class="progress">
      <Trouble outbox={outbox} feed={feed} also={[refused, where.problem ?? "", where.worker?.error ? say.workerTrouble(where.worker.error) : ""]} />
      <Counts where={where} />
      <section class="wide"><h2>{say.curve}</h2>{where.curve.length ? <Curve points={where.curve} /> : <p class="quiet">{say.noCurve}</p>}{outlook?.forecast && <Forecast forecast={outlook.forecast} />}</section>
      {outlook?.gaps && <Gaps gaps={outlook.gaps} labels={outlook.labels ?? 0} />}
      <Table title={say.classes} rows={where.labels} empty={say.noneYet} />
      <Table title={say.people} rows={where.annotators} empty={say.noneYet} />
      <Machine where={where} />
    </main>
  );
}

function Counts({ where }: { where: Where }) {
  const { items = 0, ...counts } = where.counts;
  const labelled = (counts.answered ?? 0) + (counts.resolved ?? 0);
  return (
    <section class="wide">
      <h2>{say.items}</h2>
      <p class="headline">{say.ofItems(labelled, items)}</p>
      <progress max={Math.max(items, 1)} value={labelled} aria-label={say.ofProject} />
      <dl class="counts">
        {Object.entries(counts).filter(([, count]) => count > 0).map(([name, count]) => (
          <div key={name}><dt>{say.status[name] ?? name}</dt><dd>{count.toLocaleString()}</dd></div>
        ))}
      </dl>
    </section>
  );
}

function Machine({ where }: { where: Where }) {
  const { worker } = where;
  const rows: [string, string][] = [
    [say.worker, worker ? (say.doing[worker.doing] ?? worker.doing) : say.noWorker],
    ...(worker ? [[say.since, new Date(1000 * worker.time).toLocaleTimeString()] as [string, string]] : []),
    [say.model, where.model === null ? say.noneYet : say.modelOf(where.model, worker?.labels ?? 0)],
    [say.starts, String(where.worker_starts)],
    [say.position, where.position.toLocaleString()],
    [say.version, where.version],
  ];
  return (
    <section>
      <h2>{say.machine}</h2>
      <table><tbody>{rows.map(([name, value]) => <tr key={name}><th scope="row">{name}</th><td>{value}</td></tr>)}</tbody></table>
    </section>
  );
}

function Table({ title, rows, empty }: { title: string; rows: Record<string, number>; empty: string }) {
  const entries = Object.entries(rows).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  const most = entries[0]?.[1] ?? 1;
  return (
    <section>
      <h2>{title}</h2>
      {entries.length === 0 ? <p class="quiet">{empty}</p> : (
        <div class="scroll" tabIndex={0} role="region" aria-label={title}>
          <table class="bars"><tbody>{entries.map(([name, count]) => (
            <tr key={name}>
              <th scope="row" dir="auto">{name}</th>
              <td>{count.toLocaleString()}</td>
              <td aria-hidden="true"><span class="bar" style={{ width: `${(100 * count) / most}%` }} /></td>
            </tr>
          ))}</tbody></table>
        </div>
      )}
    </section>
  );
}
