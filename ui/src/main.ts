// Starts the page.
import "./language";
import { mount } from "svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/map.css";
import App from "./shell/App.svelte";

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, { target });
