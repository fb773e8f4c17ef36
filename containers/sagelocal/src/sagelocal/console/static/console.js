"use strict";
// Times in the reader's own zone.
function localTimes(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = new Date(time.dateTime).toLocaleString();
  }
}
localTimes(document);

// What is still going on is looked at again, until it is over.
async function refresh() {
  const answer = await fetch(location.href, {credentials: "same-origin"}).catch(() => null);
  const now = answer && answer.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  const facts = now && now.querySelector(".facts");
  if (facts) {
    localTimes(facts);
    if (!facts.querySelector(".badge.going")) location.reload();
    document.querySelector(".facts").replaceWith(facts);
  }
  setTimeout(refresh, 3000);
}
if (document.querySelector(".facts .badge.going")) setTimeout(refresh, 3000);

// AWS's console keeps its pages' names behind "#", where only a browser sees them.
const forward = document.querySelector("[data-forward]");
if (forward) {
  const root = forward.dataset.forward;
  const service = location.pathname.slice(root.length).split("/")[1];
  const hash = location.hash.replace(/^#\/?/, "");
  let target = root + "/";
  if (service === "cloudwatch" && hash.startsWith("logsV2:log-groups/log-group/")) {
    const page = hash.slice("logsV2:log-groups/log-group/".length);
    const [group, filter] = decodeURIComponent(page.replaceAll("$", "%")).split("?logStreamNameFilter=");
    target = root + "/cloudwatch/log?group=" + encodeURIComponent(decodeURIComponent(group)) +
      "&prefix=" + encodeURIComponent(decodeURIComponent(filter || ""));
  } else if (hash) {
    target = root + "/" + service + "/" + hash;
  }
  location.replace(target);
}

// After the login, the page that was asked for, "#" and all.
const next = document.querySelector(".login [name=next]");
if (next) {
  next.value = location.pathname + location.search + location.hash;
}

// A log grows while it is looked at.
for (const log of document.querySelectorAll("[data-log]")) {
  let after = "";
  let quiet = 0;
  const look = async () => {
    const query = new URLSearchParams({group: log.dataset.group, prefix: log.dataset.prefix, after});
    try {
      const answer = await fetch(log.dataset.log + "?" + query, {credentials: "same-origin"});
      if (!answer.ok) throw new Error("status " + answer.status);
      const found = await answer.json();
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 30;
      for (const [time, stream, text] of found.lines) {
        const line = document.createElement("span");
        line.className = "line";
        const stamp = document.createElement("time");
        stamp.textContent = new Date(time).toLocaleTimeString();
        stamp.title = new Date(time).toISOString() + "  " + stream;
        line.append(stamp, text + "\n");
        log.append(line);
      }
      if (found.lines.length && atEnd) log.scrollTop = log.scrollHeight;
      quiet = found.lines.length ? 0 : quiet + 1;
      log.dataset.empty = log.childElementCount ? "" : "nothing was written yet";
      after = found.after;
    } catch (error) {
      log.dataset.empty = "the log cannot be read now: " + error.message;
      quiet += 1;
    }
    setTimeout(look, Math.min(1000 * (1 + quiet / 4), 10000));
  };
  look();
}
