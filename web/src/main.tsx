// Where the page begins: puts the shell into the document. Nothing else happens here.
import { render } from "preact";
import { App } from "./app";
import "./style/base.css";
import "./style/live.css";
import "./style/panels.css";

render(<App />, document.getElementById("app")!);
