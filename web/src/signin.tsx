import { say } from "./strings";

export function SignIn({ wrong, go }: { wrong: boolean; go: (token: string) => void }) {
  return (
    <main>
      <form class="sign-in" onSubmit={(event) => { event.preventDefault(); go(String(new FormData(event.currentTarget).get("token"))); }}>
        <h1>asklearn</h1>
        <label>{say.signIn}<input name="token" type="password" autocomplete="current-password" required autofocus aria-describedby="sign-in-help" /></label>
        <p id="sign-in-help" class="quiet">{say.signInHelp}</p>
        <button type="submit" class="main">{say.signInGo}</button>
        <p role="alert" class="warning">{wrong ? say.signInWrong : ""}</p>
      </form>
    </main>
  );
}
