// A sign of life comes every 5 s; a page without one for SILENCE ms, or that could not be renewed, says so after PATIENCE ms.
const SILENCE = 12000, PATIENCE = 4000;
const at = (id) => document.getElementById(id);
const clock = (time) => new Date(time).toLocaleTimeString("en-GB", { timeZone: "Asia/Kolkata" });
let due = null, heard = Date.now(), lost = null, stream = null, title = document.title;
const show = () => {
  const gone = lost !== null && Date.now() - lost > PATIENCE;
  if (gone && at("gone").hidden) at("gone-words").textContent = `No connection to the keeper since ${clock(lost)} IST; what you see is as of then.`;
  at("gone").hidden = !gone;
  at("link").textContent = gone ? "not connected" : "up to date";
  document.body.classList.toggle("gone", gone);
  document.title = gone ? "No connection · fyers-keeper" : title;
};
const renew = async () => {
  clearTimeout(due);
  due = null;
  const begun = Date.now();
  try {
    const answer = await fetch("/?part", { signal: AbortSignal.timeout(8000) });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = next.getElementById(part.id);
      if (!fresh) continue;
      if (part.className !== fresh.className) part.className = fresh.className;
      if (part.innerHTML !== fresh.innerHTML && !part.querySelector("details[open]")) part.innerHTML = fresh.innerHTML;
    }
    [title, lost, heard] = [next.title, null, Date.now()];
  } catch {
    lost ??= begun;
    soon(2000);
  }
  show();
};
// Session and mode at once; a bot's orders can be many a second.
const soon = (wait) => { if (due && wait > 200) return; clearTimeout(due); due = setTimeout(renew, wait); };
const listen = () => {
  stream?.close();
  stream = new EventSource("/events");
  const on = (kind, act) => stream.addEventListener(kind, () => { heard = Date.now(); act?.(); });
  for (const kind of ["session", "mode", "open"]) on(kind, () => soon(200));
  on("journal", () => soon(1000));
  on("alive");
  // Whether the keeper is gone, or only this stream, the page's own request tells.
  stream.onerror = () => soon(1000);
};
listen();
setInterval(show, 1000);
setInterval(renew, 30000);
// A browser gives a stream up for good at an answer that is none, as a proxy gives while the keeper is away; and it is not
// told of a network that went away.
setInterval(() => {
  const silent = Date.now() - heard > SILENCE;
  if (silent) lost ??= heard;
  if (silent || stream.readyState === EventSource.CLOSED) { listen(); soon(0); }
}, 3000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });
