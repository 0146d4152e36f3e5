import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type About, Refused, get, signIn } from "./api";
import { Label } from "./label";
import { Progress } from "./progress";
import { say } from "./strings";
import "./style.css";

function App() {
  const [about, setAbout] = useState<About>();
  const [wanted, setWanted] = useState<"" | "token" | "wrong">("");
  const [page, setPage] = useState(location.hash === "#progress" ? "progress" : "label");

  const open = (again: boolean) => get<About>("/project").then((found) => { setAbout(found); setWanted(""); }).catch((error: unknown) => {
    if (error instanceof Refused && error.status === 401) setWanted(again ? "wrong" : "token");
    else setTimeout(() => void open(again), 1_000);
  });
  useEffect(() => {
    const invited = /^#token=([\w-]+)$/.exec(location.hash)?.[1];
    if (invited) { signIn(invited); history.replaceState(null, "", location.pathname); }
    void open(false);
    const moved = () => setPage(location.hash === "#progress" ? "progress" : "label");
    window.addEventListener("hashchange", moved);
    return () => window.removeEventListener("hashchange", moved);
  }, []);

  if (wanted) return <SignIn wrong={wanted === "wrong"} go={(token) => { signIn(token); void open(true); }} />;
  if (!about) return <p class="quiet">{say.loading}</p>;
  return (
    <>
      <header>
        <h1 dir="auto">{about.name}</h1>
        <nav aria-label={say.label}>
          <a href="#label" aria-current={page === "label" ? "page" : undefined}>{say.label}</a>
          <a href="#progress" aria-current={page === "progress" ? "page" : undefined}>{say.progress}</a>
        </nav>
        <span class="quiet">{about.annotator}</span>
      </header>
      {page === "label" ? <Label about={about} /> : <Progress />}
    </>
  );
}

function SignIn({ wrong, go }: { wrong: boolean; go: (token: string) => void }) {
  return (
    <main>
      <form class="sign-in" onSubmit={(event) => { event.preventDefault(); go(String(new FormData(event.currentTarget).get("token"))); }}>
        <label>{say.signIn}<input name="token" type="password" autocomplete="current-password" required /></label>
        <button type="submit">{say.signInGo}</button>
        {wrong && <p role="alert" class="warning">{say.signInWrong}</p>}
      </form>
    </main>
  );
}

render(<App />, document.getElementById("app")!);
