import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { Refused, get, signIn } from "./api";
import type { About } from "./contract";
import { Feed } from "./feed";
import { Grid } from "./grid";
import { type Page, Header } from "./header";
import { Label } from "./label";
import { Outbox } from "./outbox";
import { Progress } from "./progress";
import { Session } from "./session";
import { Sheet } from "./sheet";
import { SignIn } from "./signin";
import { say } from "./strings";
import "./style.css";

const AGAIN = 1_000;

function App() {
  const [about, setAbout] = useState<About>();
  const [wanted, setWanted] = useState<"" | "token" | "wrong">("");
  const [trouble, setTrouble] = useState("");

  const open = (again: boolean) => get<About>("/project").then((found) => { setAbout(found); setWanted(""); }).catch((error: unknown) => {
    if (error instanceof Refused && error.status === 401) setWanted(again ? "wrong" : "token");
    else {
      setTrouble(error instanceof TypeError ? say.lost : (error as Error).message);
      setTimeout(() => void open(again), AGAIN);
    }
  });
  useEffect(() => {
    const invited = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
    if (invited) { signIn(invited); history.replaceState(null, "", location.pathname); }
    void open(false);
  }, []);

  if (wanted) return <SignIn wrong={wanted === "wrong"} go={(token) => { signIn(token); void open(true); }} />;
  if (!about) return <main><p class={trouble ? "warning" : "quiet"} role="status">{trouble || say.loading}</p></main>;
  return <Project about={about} />;
}

/** Everything that lives as long as the tab: it stays while one goes from page to page. */
function Project({ about }: { about: About }) {
  const { feed, outbox, session, sheet } = useMemo(() => {
    const [feed, outbox] = [new Feed(), new Outbox(`asklearn-outbox/${about.name}/${about.annotator}`)];
    const session = new Session(about, outbox, feed);
    feed.watch(() => { if (!feed.lost && outbox.offline) outbox.retry(); });
    return { feed, outbox, session, sheet: new Sheet(outbox, session) };
  }, [about]);
  const page = usePage(about);
  return (
    <>
      <Header about={about} page={page} />
      {page === "label" && <Label {...{ about, session, outbox, feed }} />}
      {page === "grid" && <Grid {...{ about, sheet, outbox, feed }} />}
      {page === "progress" && <Progress {...{ outbox, feed }} />}
    </>
  );
}

function usePage(about: About): Page {
  const named = (): Page => (location.hash === "#progress" ? "progress" : location.hash === "#grid" && about.suggestions ? "grid" : "label");
  const [page, setPage] = useState(named);
  useEffect(() => {
    const moved = () => setPage(named());
    window.addEventListener("hashchange", moved);
    return () => window.removeEventListener("hashchange", moved);
  }, []);
  useEffect(() => { document.title = `${say.pages[page]} · ${about.name} · asklearn`; }, [page]);
  return page;
}

render(<App />, document.getElementById("app")!);
