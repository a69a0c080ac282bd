// The question for the daemon's token. What is typed is kept by net/token.ts, for this session only.
import { useEffect, useRef, useState } from "preact/hooks";
import { asked, give } from "./net/token";

export const TokenQuestion = () => {
  const dialog = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState("");
  const why = asked.value;
  useEffect(() => {
    if (why !== null && !dialog.current!.open) dialog.current!.showModal();
    if (why === null) dialog.current!.close();
  }, [why]);
  const answer = (event: Event): void => {
    event.preventDefault();
    if (typed.trim() === "") return;
    give(typed.trim());
    setTyped("");
  };
  return (
    <dialog ref={dialog} aria-labelledby="token-title" onCancel={(event) => event.preventDefault()}>
      <form onSubmit={answer}>
        <h2 id="token-title">This daemon wants a token</h2>
        <p>
          {why === "wrong" ? "That one was not right. " : ""}It stands in the file that <code>server.token_file</code> names.
          It is kept until this tab is closed.
        </p>
        <label for="token">Token</label>
        <input
          id="token"
          type="password"
          autocomplete="off"
          value={typed}
          aria-invalid={why === "wrong"}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <button type="submit" class="primary">
          Go on
        </button>
      </form>
    </dialog>
  );
};
